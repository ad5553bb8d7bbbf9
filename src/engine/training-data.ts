// Examples as the trainer takes them: tokenized, cut to length, counted.
import { createHash } from 'node:crypto';

import type { NativeSample } from '../native/addon-types.js';
import { IsheepError } from '../shared/errors.js';
import type { SampleCounts, TrainingExample } from './engine.js';

/** Tokens of an example and how many of them, from the front, are context (chat-template.ts). */
export type TokenizeExample = (example: TrainingExample) => { tokens: ArrayLike<number>; context: number };

/** A sample that is trained on, or whose loss is measured. */
export type Sample = NativeSample & { id: string; /** Cut off at the maximum length. */ cutTokens: number };

export interface TokenizedExamples {
  samples: Sample[];
  counts: SampleCounts;
}

/** Samples of at most `maxLength` tokens, each with at least one response token. Throws `bad-input` that names every
 *  example without a response. */
export function tokenizeExamples(
  examples: readonly TrainingExample[],
  tokenize: TokenizeExample,
  maxLength: number,
): TokenizedExamples {
  const samples: Sample[] = [];
  const counts: SampleCounts = { samples: 0, tokens: 0, lossTokens: 0, cut: 0, cutTokens: 0, tooLong: 0 };
  const empty: string[] = [];
  for (const example of examples) {
    const { tokens, context } = wantedTokens(example, tokenize);
    if (example.response.trim() === '' || tokens.length <= context) empty.push(example.id);
    else if (context >= maxLength) counts.tooLong++;
    else {
      const kept = tokens.subarray(0, maxLength);
      const { id, weight } = example;
      const sample = {
        id,
        tokens: kept,
        context,
        cutTokens: tokens.length - kept.length,
        ...(weight !== undefined && { weight }),
      };
      samples.push(sample);
      addSample(counts, sample);
    }
  }
  if (empty.length > 0) throw emptyResponses(empty);
  return { samples, counts };
}

/** An example's tokens as far as it wants them trained on: no more than its beginning, or all with the rest as context of its end. */
export function wantedTokens(
  example: TrainingExample,
  tokenize: TokenizeExample,
): { tokens: Int32Array; context: number } {
  const { tokens, context } = tokenize(example);
  const { trainedTokens = Infinity } = example;
  const all = Int32Array.from(tokens);
  if (trainedTokens < 0) return { tokens: all, context: Math.max(context, all.length + trainedTokens) };
  return { tokens: all.subarray(0, context + trainedTokens), context };
}

function addSample(counts: SampleCounts, { tokens, context, cutTokens }: Sample): void {
  counts.samples++;
  counts.tokens += tokens.length;
  counts.lossTokens += tokens.length - context;
  counts.cutTokens += cutTokens;
  if (cutTokens > 0) counts.cut++;
}

const listedIds = 20;

function emptyResponses(ids: readonly string[]): IsheepError {
  const listed = ids.slice(0, listedIds).join(', ');
  const more = ids.length > listedIds ? ` and ${ids.length - listedIds} more` : '';
  const message = `${ids.length} ${ids.length === 1 ? 'example has' : 'examples have'} an empty response: ${listed}${more}`;
  return new IsheepError('bad-input', message, { hint: 'leave them out, or give them a response' });
}

/** Throws `nothing-usable` where no sample is left to train on. */
export function refuseNothing({ samples, tooLong }: SampleCounts, examples: number, maxLength: number): void {
  if (samples > 0) return;
  const why = `of ${examples} examples, ${tooLong} have a prompt of ${maxLength} tokens or more`;
  throw new IsheepError('nothing-usable', `there is no response token to train on: ${why}`, {
    hint: 'raise the maximum length, or give examples with a response',
  });
}

/** A hash of samples, their order and weights included. */
export function hashSamples(samples: readonly NativeSample[]): string {
  const hash = createHash('sha256');
  for (const { tokens, context, weight } of samples) {
    hash.update(`${context}:${tokens.length}${weight === undefined ? '' : `*${weight}`};`);
    hash.update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
  }
  return hash.digest('hex');
}
