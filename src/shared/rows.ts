// The rows that flow through the stages and stand in files (contract.md, "Rows"). Plain data only.

/** A task written by a person: a demonstration for synthesis, and the ground truth of the judge's self-test. */
export interface SeedTask {
  id: string;
  instruction: string;
  /** Empty where the task needs none. */
  input: string;
  /** Empty where the seed file has none. */
  output: string;
}

/** What a filter decided. In the array of a row, verdicts stand in the order in which the filters were applied. */
export interface Verdict {
  filter: string;
  rejected: boolean;
  /** A stable reason code; present when rejected. */
  reason?: string;
}

/** An instruction with an optional input, before it has a response. */
export interface Candidate {
  id: string;
  instruction: string;
  input: string;
  verdicts: Verdict[];
  /** Where it comes from: the request that wrote it and its number in the text. */
  source?: Record<string, unknown>;
}

/** Something that the instruction asks for and a program verifies (shared/constraints). */
export interface Constraint {
  family: string;
  parameters: Readonly<Record<string, unknown>>;
}

/** An instruction with its response. */
export interface Pair {
  id: string;
  instruction: string;
  input: string;
  response: string;
  system?: string;
  quality?: number;
  following?: number;
  /** What the instruction asks for that can be verified. */
  constraints?: Constraint[];
  /** Only so many tokens of the response, from the first on, are trained on, and not how it goes on or ends; below 0 the last so many,
   *  its end among them; absent: all. Never 0. */
  trainedTokens?: number;
  /** How much each of its trained tokens counts beside those of other pairs, above 0; absent: 1. */
  weight?: number;
  /** Of the instruction, where it has several responses: the gap between the best and the worst by assessment. */
  difficulty?: number;
  verdicts?: Verdict[];
  source?: Record<string, unknown>;
  /** In a dataset: the earlier iteration that the pair was kept in; absent where it is this one's own. */
  iteration?: number;
}

export type AssessMethod = 'likelihood' | 'expected' | 'sampled';

/** How good a pair is in the model's own eyes. Exactly one of the groups below is present, or `reason` says why none is. */
export type Assessment =
  | { id: string; method: 'likelihood'; likelihood: Likelihood; rank: number }
  | ({ id: string; method: 'expected'; distribution: ScoreDistribution; spread: Grades } & Grades & Repeats)
  | ({ id: string; method: 'sampled' } & Grades & Repeats)
  | { id: string; method: AssessMethod; quality: null; following: null; reason: string };

/** What a model's numbers say of a pair, without an opinion; which of them, depends on what a selection needs. `reason` says
 *  why there are none. */
export type Measurement = { id: string; perplexity?: Perplexity; vector?: string } | { id: string; reason: string };

/** exp of the mean negative log-likelihood of a token: of the response alone, and of instruction, input and response as one
 *  text. */
export interface Perplexity {
  response: number;
  pair: number;
}

/** In nats, means a token: log p(response | instruction), log p(instruction | response) - log p(instruction), and
 *  log p(the turn ends after the response), which is of one token. */
export interface Likelihood {
  response: number;
  back: number;
  end: number;
}

/** From 1 to 10, fractional where they are means. `spread` holds standard deviations of the same distributions. */
export interface Grades {
  quality: number;
  following: number;
}

/** The single grades where a pair was graded more than once, in order; null where an answer held none. */
export interface Repeats {
  repeats?: { quality: (number | null)[]; following: (number | null)[] };
}

/** Probabilities of the scores 1 to 10, ten numbers each, summing to 1. */
export interface ScoreDistribution {
  quality: number[];
  following: number[];
}

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A prompt as a file holds it: raw text, or messages for the model's chat template. */
export type PromptRow = { id: string; prompt: string } | { id: string; messages: Message[] };

/** Why a text ended: the model ended it, it reached its length, a stop string appeared, or it began to repeat itself. */
export type StopReason = 'end' | 'length' | 'string' | 'repetition';

export interface Completion {
  id: string;
  text: string;
  /** How many tokens were generated. */
  tokens: number;
  stop: StopReason;
  /** Sum of natural logs of the generated tokens' probabilities under the model, before sampling settings. */
  logprob?: number;
  /** Absent where it was not recorded. */
  written?: WrittenLikelihood;
}

/** How likely a text was to the model while it wrote it. Of the text without white space around, and only where its tokens
 *  are the ones that the text has when it is read again, so that scoring it would give the same. */
export interface WrittenLikelihood {
  /** Sum of natural logs over the text's tokens, without an end token. */
  logprob: number;
  tokens: number;
  /** log p that the text ends where it ends; null where that place was not computed (the text was cut off there). */
  end: number | null;
}

/** One optimizer step. `loss` is the mean over `lossTokens`, in nats; counts are of this step, without padding. */
export interface TrainingStep {
  step: number;
  epoch: number;
  loss: number;
  lr: number;
  grad_norm: number;
  tokens: number;
  loss_tokens: number;
  seconds: number;
}

/** A look at the held-out pairs after `step` optimizer steps (0: the base). */
export interface HeldOutStep {
  step: number;
  held_out_loss: number;
  held_out_tokens: number;
}
