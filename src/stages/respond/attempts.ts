// Samples responses until each meets the constraints of its instruction, or the attempts are used up. In rounds: first all,
// then those again that do not meet theirs; so what a chunk holds depends on nothing but its requests.
import {
  type CallOptions,
  countTokens,
  type Generated,
  type GenerateRequest,
  type Generator,
  isFailed,
} from '../../engine/engine.js';
import { unmetConstraints } from '../../shared/constraints/check.js';
import type { Constraint } from '../../shared/rows.js';

export interface Asked {
  id: string;
  /** None where one attempt is all there is to make. */
  constraints: readonly Constraint[];
  /** The request of an attempt, counted from 1; each has a random stream of its own. */
  request(attempt: number): GenerateRequest;
}

/** Options of a call, whose progress also says how many responses are asked for again, and 0 in the first round. */
export interface AttemptOptions extends Omit<CallOptions, 'onProgress'> {
  onProgress?: (progress: { done: number; tokens: number; again: number }) => void;
}

export interface Answer {
  request: GenerateRequest;
  completion: Generated;
  /** How many were made; the last one stands here. */
  attempts: number;
}

/** The last attempt of each, in order, and the tokens of all attempts. */
export async function answerAll(
  asked: readonly Asked[],
  mostAttempts: number,
  model: Generator,
  options: AttemptOptions,
): Promise<{ answers: Answer[]; tokens: number }> {
  const answers = new Map<Asked, Answer>();
  let tokens = 0;
  let open = asked;
  for (let attempts = 1; attempts <= mostAttempts && open.length > 0; attempts++) {
    const requests = open.map((one) => one.request(attempts));
    const again = attempts === 1 ? 0 : open.length;
    const completions = await model.generate(requests, ofRound(options, asked.length, tokens, again));
    tokens += countTokens(completions);
    for (const [i, one] of open.entries()) answers.set(one, answerOf(one, requests[i], completions[i], attempts));
    open = open.filter((one) => isUnmet(one, answers.get(one)?.completion));
  }
  return { answers: asked.flatMap((one) => answers.get(one) ?? []), tokens };
}

function answerOf(
  { id }: Asked,
  request: GenerateRequest | undefined,
  completion: Generated | undefined,
  attempts: number,
): Answer {
  if (request === undefined || completion?.id !== id) throw new Error(`the engine returned no completion for ${id}`);
  return { request, completion, attempts };
}

/** A request that failed would fail again. */
function isUnmet({ constraints }: Asked, completion: Generated | undefined): boolean {
  if (completion === undefined || isFailed(completion)) return false;
  return unmetConstraints(completion.text, constraints).length > 0;
}

/** Progress of a round: of one that asks again, the responses are there, and tokens are added. */
function ofRound({ onProgress, ...rest }: AttemptOptions, all: number, tokens: number, again: number): CallOptions {
  if (onProgress === undefined) return rest;
  return {
    ...rest,
    onProgress: (progress) => {
      onProgress({ done: again > 0 ? all : progress.done, tokens: tokens + progress.tokens, again });
    },
  };
}
