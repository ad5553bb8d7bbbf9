// What the stages see of the engine: small interfaces, so that a stage is tested with a fake and an engine can be
// exchanged (design.md §8). The implementations over llama.cpp are in this folder too.
import type { ErrorCode } from '../shared/errors.js';
import type { Completion, HeldOutStep, Message, TrainingStep } from '../shared/rows.js';

/** Raw text (special tokens allowed, BOS as the GGUF says), or messages written by the model's chat template. */
export type Prompt = { text: string } | { messages: readonly Message[] };

/** The chat template's opening of a conversation, up to where a user's words stand: the model writes these, after the first
 *  ones where they are given. */
export interface OpenTurn {
  turn: 'user';
  begins?: string;
}

export interface Sampling {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
}

export interface GenerateRequest {
  id: string;
  prompt: Prompt | OpenTurn;
  maxTokens: number;
  /** Texts that end the completion; they are not part of its text. The text of a control token is that token, too. */
  stop: readonly string[];
  /** GBNF, as llama.cpp has it: the text keeps to its rule `root`, and ends by itself only where that is complete. Where no
   *  token of the model can go on, it ends as by its length. */
  grammar?: string;
  sampling: Sampling;
  /** The request's own random stream, 0 to 2^32 - 1 (shared/random.ts derives it from the run's seed and the row). */
  seed: number;
  /** Only the number that the text begins with is wanted: the text may end as soon as more of it cannot change that. */
  untilNumber?: boolean;
  /** The text ends where its last so many tokens, the prompt's not counted, stood before in it: it goes round in circles; 0
   *  or absent: never. An endpoint goes on. */
  stopAtRepetition?: number;
}

export interface CallProgress {
  /** Requests that are done. */
  done: number;
  /** Generated so far; 0 where nothing is generated. */
  tokens: number;
  /** Of `done`, what was known before the call and took no time. */
  remembered?: number;
}

export interface CallOptions {
  /** Called as requests finish. */
  onProgress?: (progress: CallProgress) => void;
  signal?: AbortSignal;
}

export interface GenerateOptions extends CallOptions {
  /** Called with each text as it is finished, long before the call's last, and its request's place in the call. */
  onCompletion?: (completion: Completion, place: number) => void;
}

/** A request that has no result, and why: its prompt is longer than the model's context, an endpoint refused it. The
 *  others of its call have theirs. */
export interface FailedRequest {
  id: string;
  error: { code: ErrorCode; message: string };
}

export type Generated = Completion | FailedRequest;

export function isFailed(result: Generated | Scored | Embedded): result is FailedRequest {
  return 'error' in result;
}

/** Tokens that were generated for all of them. */
export function countTokens(results: readonly Generated[]): number {
  return results.reduce((sum, result) => sum + (isFailed(result) ? 0 : result.tokens), 0);
}

/** Writes text. A call is one chunk: what it returns, in the order of its requests, depends on these and their order, not
 *  on anything else. */
export interface Generator {
  generate(requests: readonly GenerateRequest[], options?: GenerateOptions): Promise<Generated[]>;
}

export interface ScoreRequest {
  id: string;
  prompt: Prompt;
  /** Tokenized apart from the prompt and joined to it; may be empty when only `next` or `end` is wanted. */
  continuation: string;
  /** Texts whose log-probability after the continuation is wanted: that what comes there begins with them, behind a space
   *  or not. All tokens of each but its last must begin the longest one ("1" … "9", "10" … "19"). */
  next?: readonly string[];
}

export interface ScoreResult {
  id: string;
  /** Sum of natural logs over the continuation's tokens. */
  logprob: number;
  tokens: number;
  /** log p that the text ends after the continuation: the log of the sum over all end tokens. NaN where an endpoint does not
   *  tell. */
  endLogprob: number;
  /** In the order of `next`. */
  nextLogprobs: number[];
}

export type Scored = ScoreResult | FailedRequest;

/** Reads text: log-probabilities without generating. Results are in the order of the requests. */
export interface Scorer {
  score(requests: readonly ScoreRequest[], options?: CallOptions): Promise<Scored[]>;
}

export interface EmbedRequest {
  id: string;
  prompt: Prompt;
}

export interface EmbedResult {
  id: string;
  /** Of length 1. */
  vector: Float32Array;
  /** Tokens behind the model's context, which the vector knows nothing of. */
  cutTokens: number;
}

export type Embedded = EmbedResult | FailedRequest;

/** Where a text stands among others: the mean of the last layer's vectors over its tokens, a BOS token aside. Results are in
 *  the order of the requests. */
export interface Embedder {
  embed(requests: readonly EmbedRequest[], options?: CallOptions): Promise<Embedded[]>;
}

/** What the generating and judging stages get. An endpoint does not show its layers, so it cannot embed. */
export interface LanguageModel extends Generator, Scorer, Partial<Embedder> {
  readonly hasChatTemplate: boolean;
  /** Whether it can write a user's turn (OpenTurn) of a chat template of its own, as a tuned model has. Absent: no. */
  readonly writesUserTurns?: boolean;
  /** Whether `score` can tell the log-probabilities of a continuation and of its end, or of texts that come next: not every
   *  endpoint does. Absent: it can. */
  canScore?(what: 'continuation' | 'next'): Promise<boolean>;
  /** Whether what it writes keeps to a grammar (GBNF) where one is given. Absent: it does. */
  keepsGrammars?(): Promise<boolean>;
}

/** A pair as the trainer takes it: the chat template's tokens before the response, and the response with its end. */
export interface TrainingExample {
  id: string;
  messages: readonly Message[];
  response: string;
  /** Of the response, from the first on; the rest is left out, its end too. Below 0: the last so many, its end among them. Absent: all. */
  trainedTokens?: number;
  /** How much each of the trained tokens counts, above 0; 1 where absent. Full training knows of none. */
  weight?: number;
}

export interface TrainerSettings {
  rank: number;
  alpha: number;
  rankStabilized: boolean;
  dropout: number;
  targets: readonly string[];
  learningRate: number;
  schedule: 'cosine' | 'linear' | 'constant';
  warmupSteps: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over the samples; may be a fraction. */
  epochs: number;
  /** Optimizer steps, instead of epochs. */
  steps?: number | undefined;
  /** Samples of a batch. */
  batchSize: number;
  /** Tokens that a batch of whole samples may have, instead of a number of samples. */
  batchTokens?: number | undefined;
  /** Batches of one optimizer step. */
  accumulate: number;
  maxLength: number;
  seed: number;
  microBatchTokens: number;
  /** MiB that the whole process may have; what is free when training starts, by default. */
  memory?: number | undefined;
  /** Which second copies of the weights are made; auto: the fastest that the memory allows. */
  copiedWeights: 'auto' | 'none' | 'transposed' | 'all';
  /** Kept for the backward pass, or computed again; does not change the adapter. */
  activations: 'auto' | 'keep' | 'recompute';
  /** Whether samples share a micro-batch; each has its own otherwise. */
  packing: boolean;
  /** Steps between two looks at the held-out samples; by default, the end of each epoch. There is one at the end, too. */
  evaluateEvery?: number | undefined;
  /** Training stops after this many looks without a lower held-out loss; 0: never. */
  patience: number;
  /** Whether the adapter of the lowest held-out loss is written; the last one otherwise. */
  keepBest: boolean;
}

export interface TrainJob {
  examples: readonly TrainingExample[];
  /** Held out: never trained on; their loss is measured before, during and after. */
  heldOut: readonly TrainingExample[];
  settings: TrainerSettings;
  adapterPath: string;
  /** Strings written into the adapter ("isheep.run", "isheep.iteration"…). */
  metadata: Readonly<Record<string, string>>;
  initAdapterPath?: string;
  /** Where checkpoints go; none are written without it. A job that finds its own checkpoint there continues it. */
  checkpointDir?: string;
  /** Seconds between checkpoints, 60 by default. One is written at the end and when a job is stopped, too. */
  checkpointSeconds?: number;
  signal?: AbortSignal;
}

/** What became of the examples at the maximum length. */
export interface SampleCounts {
  samples: number;
  tokens: number;
  /** Tokens with a loss: the response's, its end included. */
  lossTokens: number;
  /** Samples whose response was cut to the maximum length, and the tokens that were cut off. */
  cut: number;
  cutTokens: number;
  /** Examples left out because the prompt alone reaches the maximum length. */
  tooLong: number;
}

/** What decides how much memory a training takes; the settings of a training have it all. */
export type MemorySettings = Pick<
  TrainerSettings,
  'rank' | 'targets' | 'maxLength' | 'microBatchTokens' | 'packing' | 'memory' | 'copiedWeights' | 'activations'
>;

/** Bytes that training comes to take, and what was chosen by what there is. */
export interface MemoryForecast {
  /** What the process had before, and what libraries and heap come to. */
  process: number;
  /** The model's file. */
  mapped: number;
  copies: number;
  copiedWeights: string;
  adapter: number;
  activations: number;
  graphs: number;
  /** While copies are made, before there are graphs and activations. */
  copying: number;
  /** The peak: all of it, but only the larger of `copying` and `graphs` with `activations`. */
  total: number;
}

export type TrainEvent =
  /** Comes first, once a call. */
  | { kind: 'samples'; steps: number; training: SampleCounts; heldOut: SampleCounts; memory: MemoryForecast }
  | ({ kind: 'step'; of: number } & TrainingStep)
  /** Of the held-out loss after `step`, `done` of `of` samples are computed. */
  | { kind: 'measuring'; step: number; done: number; of: number }
  | ({ kind: 'held-out' } & HeldOutStep);

export interface TrainSummary {
  samples: number;
  /** Of training and held-out examples: left out because the prompt alone reaches maxLength. */
  tooLong: number;
  /** Of both: used with a response cut to maxLength, and the tokens that were cut off. */
  cut: number;
  cutTokens: number;
  /** Steps made, and planned before an early stop. */
  steps: number;
  plannedSteps: number;
  /** The step whose adapter was written: that of the lowest held-out loss, or the last. */
  adapterStep: number;
  tokens: number;
  lossTokens: number;
  /** Nats a token, of the base and of the adapter that was written; null where nothing is held out. */
  heldOutLossBase: number | null;
  heldOutLossAdapter: number | null;
}

export interface Trainer {
  /** Yields events as they come; returns the summary. A job that continues from a checkpoint yields what comes after it.
   *  Throws `nothing-usable` where no response token is left, `bad-input` for empty responses, `run-changed` where the
   *  checkpoints are another job's, `training-diverged` where a loss is no finite number. */
  train(job: TrainJob): AsyncGenerator<TrainEvent, TrainSummary>;
}
