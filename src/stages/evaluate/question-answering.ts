// Questions that are answered in a few words: a prompt with answered questions before it, greedy, and scored against gold
// answers as a benchmark's official script does. Prompts and stops are those of lm-evaluation-harness 0.4: plain text, or
// the same text as one message of the user (its --apply_chat_template), which is how models that chat are asked.
import {
  type CallOptions,
  type FailedRequest,
  isFailed,
  type LanguageModel,
  type Prompt,
} from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import { deriveSeed } from '../../shared/random.js';
import { type EvaluateSettings, type Item, type ItemResult, type Share, writtenSettings } from './benchmark.js';

/** What a benchmark of such questions reads. */
export const questionSettings = [...writtenSettings, 'shots', 'form'] as const;

export interface AskedItem extends Item {
  /** All of it, with examples and up to where the answer begins. */
  prompt: string;
}

/** What a model wrote, or another program's answer; null: there is none, which some official scripts count as wrong. */
export type ShortAnswer = string | null;

export interface AskOptions {
  stop: readonly string[];
  /** Where the settings do not say. */
  maxTokens: number;
}

/** White space around an answer is left out. */
export async function ask(
  items: readonly AskedItem[],
  model: LanguageModel,
  { stop, maxTokens }: AskOptions,
  { settings, call }: { settings: EvaluateSettings; call: CallOptions },
): Promise<(ShortAnswer | FailedRequest)[]> {
  const requests = items.map(({ id, prompt }) => ({
    ...{ id, prompt: inForm(prompt, settings), stop, maxTokens: settings.maxTokens ?? maxTokens },
    sampling: { temperature: settings.temperature ?? 0, topK: 0, topP: 1, minP: 0 },
    seed: deriveSeed(settings.seed, 'answer', id),
  }));
  const completions = await model.generate(requests, call);
  return completions.map((completion) => (isFailed(completion) ? completion : completion.text.trim()));
}

function inForm(text: string, { form = 'raw' }: EvaluateSettings): Prompt {
  return form === 'raw' ? { text } : { messages: [{ role: 'user', content: text }] };
}

/** A result whose metrics are shares of 0 to 1. */
export function scoredItem(
  { id, cluster }: Item,
  answer: ShortAnswer | FailedRequest,
  scoreOf: (text: string) => Record<string, number>,
  details: Record<string, unknown>,
): ItemResult {
  const isText = typeof answer === 'string';
  // What an item has no text for has the metrics of one that is wrong, whatever it is: scores of 0.
  const values = Object.entries(scoreOf(isText ? answer : ''));
  const shares = values.map(([name, value]): [string, Share] => [name, { value: isText ? 100 * value : 0, weight: 1 }]);
  const said = isText ? { answer } : { error: answer === null ? 'no answer was given' : answer.error.message };
  return {
    ...{ id, shares: Object.fromEntries(shares), details: { ...said, ...details } },
    ...(cluster !== undefined && { cluster }),
  };
}

/** The examples, and the items that are asked: the first ones are examples where no file of them is given. */
export function splitExamples<T>(
  own: readonly T[],
  given: readonly T[] | undefined,
  shots: number,
  file: string,
): [T[], T[]] {
  const examples = (given ?? own).slice(0, shots);
  const rest = given ? [...own] : own.slice(shots);
  if (examples.length === shots && rest.length > 0) return [examples, rest];
  throw new IsheepError('bad-input', `${file} has ${(given ?? own).length} items, too few for ${shots} examples`, {
    hint: 'ask for fewer shots, or give a file of examples',
  });
}
