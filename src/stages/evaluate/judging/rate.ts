// Single-answer grading (Zheng et al. 2023, arXiv 2306.05685): a judge writes what it thinks of an answer and a rating from
// 1 to 10 in double brackets.
import { type CallOptions, type GenerateRequest, isFailed, type LanguageModel } from '../../../engine/engine.js';
import { conversationPrompt, plainTextStops } from '../../../shared/task-prompt.js';
import type { Message } from '../../../shared/rows.js';

export interface Rating {
  /** -1: the judge's words hold none. */
  rating: number;
  /** The judge's words, or why there are none. */
  judgement: string;
}

export const noRating = -1;

/** Tokens of a judge's words; what is longer has lost its thread. */
const judgementTokens = 1024;

/** The first `[[number]]`, else the first `[number]`; -1 where there is none, or none of the scale. */
export function parseRating(text: string): number {
  const found = /\[\[(\d+\.?\d*)\]\]/.exec(text) ?? /\[(\d+\.?\d*)\]/.exec(text);
  const rating = Number(found?.[1] ?? noRating);
  return rating >= 1 && rating <= 10 ? rating : noRating;
}

/** The judge's ratings, at temperature 0, in the order of the requests. */
export async function rate(
  requests: readonly { id: string; messages: readonly Message[] }[],
  judge: LanguageModel,
  call: CallOptions,
): Promise<Rating[]> {
  const asked = requests.map(({ id, messages }): GenerateRequest => ({
    id,
    prompt: conversationPrompt(messages, judge.hasChatTemplate),
    maxTokens: judgementTokens,
    stop: judge.hasChatTemplate ? [] : plainTextStops,
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 },
    seed: 0,
  }));
  const written = await judge.generate(asked, call);
  return written.map((one) =>
    isFailed(one)
      ? { rating: noRating, judgement: one.error.message }
      : { rating: parseRating(one.text), judgement: one.text },
  );
}
