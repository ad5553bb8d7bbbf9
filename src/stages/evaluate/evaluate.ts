// Stage evaluate: a benchmark's items through a model, and what its answers are worth. First all answers, then all scores, so
// that a judge of another file is open only when the model that is judged is closed.
import type { CallProgress, LanguageModel } from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { Benchmark, EvaluateSettings, Item, ItemResult, ScoringTools } from './benchmark.js';

/** Only its benchmark knows what it is; a FailedRequest where there is none. */
export type Answer = unknown;

export interface AnswerInput {
  benchmark: Benchmark;
  items: readonly Item[];
  settings: EvaluateSettings;
  /** Items that are computed together. */
  chunk: number;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: CallProgress) => void;
}

/** What every item is answered in a chunk, in order. */
export async function* answerItems(input: AnswerInput, model: LanguageModel): AsyncGenerator<Answer[]> {
  let tokens = 0;
  let remembered = 0;
  for (let start = 0; start < input.items.length; start += input.chunk) {
    const items = input.items.slice(start, start + input.chunk);
    let ofChunk = { tokens: 0, remembered: 0 };
    yield await input.benchmark.answer(items, model, input.settings, {
      ...(input.signal && { signal: input.signal }),
      onProgress: (progress) => {
        ofChunk = {
          tokens: Math.max(ofChunk.tokens, progress.tokens),
          remembered: Math.max(ofChunk.remembered, progress.remembered ?? 0),
        };
        // A benchmark may ask several times an item.
        const done = start + Math.min(progress.done, items.length);
        input.onProgress?.({ done, tokens: tokens + progress.tokens, remembered: remembered + ofChunk.remembered });
      },
    });
    tokens += ofChunk.tokens;
    remembered += ofChunk.remembered;
    input.onProgress?.({ done: start + items.length, tokens, remembered });
  }
}

export interface ScoreInput extends Omit<AnswerInput, 'settings'> {
  answers: readonly Answer[];
  /** The base's, where a benchmark compares with them. */
  baseAnswers?: readonly Answer[];
}

/** What answers are worth, a chunk at a time. */
export async function* scoreAnswers(
  input: ScoreInput,
  tools: Omit<ScoringTools, 'call' | 'baseAnswers'>,
): AsyncGenerator<ItemResult[]> {
  for (let start = 0; start < input.items.length; start += input.chunk) {
    const items = input.items.slice(start, start + input.chunk);
    const end = start + input.chunk;
    const baseAnswers = input.baseAnswers?.slice(start, end);
    const call = { ...(input.signal && { signal: input.signal }) };
    yield await input.benchmark.score(items, input.answers.slice(start, end), {
      ...{ ...tools, call },
      ...(baseAnswers && { baseAnswers }),
    });
    input.onProgress?.({ done: start + items.length, tokens: 0 });
  }
}

/** `limit` of the items, in their order: those whose hashes come first, so that it is the same items every time, whatever the
 *  seed, and a larger limit adds to a smaller one. */
export function drawItems<T extends Item>(items: readonly T[], limit: number | undefined): T[] {
  if (limit === undefined || limit >= items.length) return [...items];
  const hashes = items.map(({ id }, i) => ({ i, hash: deriveSeed(0, 'limit', id) }));
  const first = hashes.sort((a, b) => a.hash - b.hash || a.i - b.i).slice(0, limit);
  return first.sort((a, b) => a.i - b.i).map(({ i }) => items[i] as T);
}
