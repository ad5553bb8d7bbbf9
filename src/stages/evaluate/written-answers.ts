// Answers in free text, as benchmarks with a judge take them.
import { z } from 'zod';

import {
  type CallOptions,
  type FailedRequest,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
} from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { Message } from '../../shared/rows.js';
import { conversationPrompt, plainTextStops } from '../../shared/task-prompt.js';
import type { EvaluateSettings } from './benchmark.js';

export interface WrittenAnswer {
  response: string;
}

/** Whether the model gave no answer at all. */
export function isUnanswered(answer: object): answer is FailedRequest {
  return 'error' in answer;
}

/** `{id, response}`, the form that every benchmark's answers may have. */
export const answerSchema = z.looseObject({ id: z.string().min(1, 'must not be empty'), response: z.string() });

export interface Asked {
  id: string;
  /** The last turn is the user's. */
  messages: readonly Message[];
  /** Default: 0. */
  temperature?: number;
}

/** What the model answers, without white space around. `seedOf` names the benchmark. */
export async function writeAnswers(
  asked: readonly Asked[],
  model: LanguageModel,
  how: { seedOf: string; settings: EvaluateSettings; maxTokens: number },
  call: CallOptions,
): Promise<(WrittenAnswer | FailedRequest)[]> {
  const { seedOf, settings } = how;
  const requests = asked.map(({ id, messages, temperature = 0 }): GenerateRequest => ({
    id,
    prompt: conversationPrompt(messages, model.hasChatTemplate),
    maxTokens: settings.maxTokens ?? how.maxTokens,
    stop: model.hasChatTemplate ? [] : plainTextStops,
    sampling: { temperature: settings.temperature ?? temperature, topK: 0, topP: 1, minP: 0 },
    seed: deriveSeed(settings.seed, seedOf, id),
  }));
  const written = await model.generate(requests, call);
  return written.map((one) => (isFailed(one) ? one : { response: one.text.trim() }));
}
