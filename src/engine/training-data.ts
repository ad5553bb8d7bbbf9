// Examples as the trainer takes them: tokenized, cut to length, counted, and in which step each is seen.
import { createHash } from 'node:crypto';

import type { NativeSample } from '../native/addon-types.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../shared/random.js';
import type { TrainingExample } from './engine.js';

/** Tokens of an example and how many of them, from the front, are context (chat-template.ts). */
export type TokenizeExample = (example: TrainingExample) => { tokens: ArrayLike<number>; context: number };

export interface TokenizedExamples {
  samples: NativeSample[];
  /** Left out: context alone reaches the maximum length. */
  tooLong: number;
  /** Response cut to the maximum length. */
  cut: number;
}

/** Samples of at most `maxLength` tokens, each with at least one response token. */
export function tokenizeExamples(
  examples: readonly TrainingExample[],
  tokenize: TokenizeExample,
  maxLength: number,
): TokenizedExamples {
  const samples: NativeSample[] = [];
  let tooLong = 0;
  let cut = 0;
  for (const example of examples) {
    const { tokens, context } = tokenize(example);
    if (context >= maxLength) tooLong++;
    else if (tokens.length > context) {
      if (tokens.length > maxLength) cut++;
      samples.push({ tokens: Int32Array.from(tokens).subarray(0, maxLength), context });
    }
  }
  return { samples, tooLong, cut };
}

/** How many steps `epochs` (which may be fractional) take, as Hugging Face counts them. */
export function totalSteps(samples: number, batchSize: number, epochs: number): number {
  return Math.ceil(epochs * stepsPerEpoch(samples, batchSize));
}

export function stepsPerEpoch(samples: number, batchSize: number): number {
  return Math.ceil(samples / batchSize);
}

/** Indices of the samples of a step, counted from 0. Each epoch is a new order of all samples, given by the seed; the
 *  last batch of an epoch may be smaller. */
export function batchOfStep(step: number, samples: number, batchSize: number, seed: number): number[] {
  const perEpoch = stepsPerEpoch(samples, batchSize);
  const epoch = Math.floor(step / perEpoch);
  const indices = Array.from({ length: samples }, (_, i) => i);
  const order = sampleWithoutReplacement(indices, samples, randomStream(deriveSeed(seed, 'epoch', epoch)));
  const first = (step % perEpoch) * batchSize;
  return order.slice(first, first + batchSize);
}

/** A hash of samples, their order included. */
export function hashSamples(samples: readonly NativeSample[]): string {
  const hash = createHash('sha256');
  for (const { tokens, context } of samples) {
    hash.update(`${context}:${tokens.length};`);
    hash.update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
  }
  return hash.digest('hex');
}
