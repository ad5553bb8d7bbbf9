// What an endpoint's answers must hold, checked before anything is read from them. Servers differ in where they put the
// same thing; behind this file they do not.
import { z } from 'zod';

import type { StopReason } from '../../shared/rows.js';
import { EndpointFailure } from './http.js';

/** A written text, as far as a server tells of it. */
export interface WrittenText {
  text: string;
  tokens: number;
  stop: StopReason;
}

/** A token that may come next. */
export interface LikelyToken {
  text: string;
  logprob: number;
}

const usage = z.object({ completion_tokens: z.number().int().min(0), prompt_tokens: z.number().int().min(0) });
const ending = {
  finish_reason: z.string().nullish(),
  /** vLLM: the stop string, the number of a stop token, or null at the model's own end. */
  stop_reason: z.union([z.string(), z.number()]).nullish(),
  /** SGLang: the stop string, or the number of the end token. */
  matched_stop: z.union([z.string(), z.number()]).nullish(),
};
const completionAnswer = z.object({ choices: z.tuple([z.object({ text: z.string(), ...ending })]), usage });
const chatAnswer = z.object({
  choices: z.tuple([z.object({ message: z.object({ content: z.string().nullish() }), ...ending })]),
  usage,
});

const likelyToken = z.object({ token: z.string(), logprob: z.number() });
/** The chat form, which llama-server uses for raw prompts too. */
const listedLogprobs = z.object({ content: z.tuple([z.object({ top_logprobs: z.array(likelyToken).min(1) })]) });
/** The older form of raw prompts: a table by token. */
const tabledLogprobs = z.object({
  top_logprobs: z.tuple([z.record(z.string(), z.number()).refine((table) => Object.keys(table).length > 0)]),
});
const nextTokenAnswer = z.object({
  choices: z.tuple([z.object({ logprobs: z.union([listedLogprobs, tabledLogprobs]) })]),
  usage,
});

const echoAnswer = z.object({
  choices: z.tuple([z.object({ logprobs: z.object({ token_logprobs: z.array(z.number().nullable()) }) })]),
});

export function readCompletion(answer: unknown, hasStops: boolean): WrittenText {
  const { choices, usage: used } = checked(completionAnswer, answer);
  return { text: choices[0].text, tokens: used.completion_tokens, stop: stopOf(choices[0], hasStops) };
}

export function readChatCompletion(answer: unknown, hasStops: boolean): WrittenText {
  const { choices, usage: used } = checked(chatAnswer, answer);
  const [{ message }] = choices;
  return { text: message.content ?? '', tokens: used.completion_tokens, stop: stopOf(choices[0], hasStops) };
}

/** The likeliest tokens at the place after a prompt; undefined where the server does not tell. */
export function readNextTokens(answer: unknown): { tokens: LikelyToken[]; promptTokens: number } | undefined {
  const result = nextTokenAnswer.safeParse(answer);
  if (!result.success) return undefined;
  const { choices, usage: used } = result.data;
  const { logprobs } = choices[0];
  const tokens =
    'content' in logprobs
      ? logprobs.content[0].top_logprobs.map(({ token, logprob }) => ({ text: token, logprob }))
      : Object.entries(logprobs.top_logprobs[0]).map(([text, logprob]) => ({ text, logprob }));
  return { tokens, promptTokens: used.prompt_tokens };
}

/** log p of each token of an echoed prompt, null for the first; undefined where the server does not tell. */
export function readEcho(answer: unknown, promptTokens: number): (number | null)[] | undefined {
  const result = echoAnswer.safeParse(answer);
  const logprobs = result.data?.choices[0].logprobs.token_logprobs.slice(0, promptTokens);
  if (logprobs?.length !== promptTokens || logprobs.slice(1).includes(null)) return undefined;
  return logprobs;
}

export function readTokenIds(answer: unknown): number[] {
  return checked(z.object({ tokens: z.array(z.number().int().min(0)) }), answer).tokens;
}

export function readModelNames(answer: unknown): string[] {
  return checked(z.object({ data: z.array(z.object({ id: z.string() })) }), answer).data.map(({ id }) => id);
}

/** A server that does not say whether a text ended by a stop string is taken at its word where there was none, and taken to
 *  have met one where there was. */
function stopOf(choice: z.infer<z.ZodObject<typeof ending>>, hasStops: boolean): StopReason {
  if (choice.finish_reason === 'length') return 'length';
  const told = choice.stop_reason ?? choice.matched_stop;
  if (typeof told === 'string') return 'string';
  const isTold = choice.stop_reason !== undefined || choice.matched_stop !== undefined;
  return hasStops && !isTold ? 'string' : 'end';
}

function checked<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  const what = path === 'choices' ? 'choices must be a list of one' : `${path} is missing or of another type`;
  throw new EndpointFailure('nonsense', `the answer is not one of this API: ${what}`);
}
