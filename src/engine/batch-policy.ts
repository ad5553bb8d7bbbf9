// How many sequences run at once, and how long they are. A pure function of a call's requests, the model and fixed
// settings, so that a call that is made again after a resume is computed in the same batches, to the same bytes.
import { IsheepError } from '../shared/errors.js';

export interface BatchShape {
  sequences: number;
  sequenceTokens: number;
  batchTokens: number;
  microBatchTokens: number;
}

export interface BatchSettings {
  /** Sequences that run at the same time at most. */
  parallel: number;
  /** Memory that the cache of all sequences may take. */
  cacheBytes: number;
}

export const defaultBatchSettings: BatchSettings = { parallel: 32, cacheBytes: 2 * 1024 ** 3 };

/** llama.cpp's limit. */
const maxSequences = 256;

/** llama.cpp pads a sequence's cache to this. */
const sequencePadding = 256;

/** Enough for the matrix products to be efficient on a CPU. A step's batch is one micro-batch: a larger one would be cut
 *  across its sequences, into short runs that attention computes slowly. */
const microBatchTokens = 512;

/** `lengths`: the tokens that each request may come to hold, prompt and generated. Throws `not-enough-memory` where one
 *  sequence alone is too large. */
export function chooseBatchShape(
  lengths: readonly number[],
  cacheBytesPerToken: number,
  settings: BatchSettings,
): BatchShape {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const sequenceTokens = Math.ceil(longest / sequencePadding) * sequencePadding;
  const sequenceBytes = sequenceTokens * cacheBytesPerToken;
  const fitting = sequenceBytes === 0 ? maxSequences : Math.floor(settings.cacheBytes / sequenceBytes);
  if (fitting < 1) throw tooLong(sequenceTokens, cacheBytesPerToken, settings.cacheBytes);
  const sequences = Math.max(1, Math.min(lengths.length, settings.parallel, fitting, maxSequences));
  return { sequences, sequenceTokens, batchTokens: Math.max(microBatchTokens, sequences), microBatchTokens };
}

function tooLong(sequenceTokens: number, cacheBytesPerToken: number, cacheBytes: number): IsheepError {
  const possible = Math.floor(cacheBytes / cacheBytesPerToken / sequencePadding) * sequencePadding;
  return new IsheepError(
    'not-enough-memory',
    `a sequence of ${sequenceTokens} tokens needs a cache of ${mebibytes(sequenceTokens * cacheBytesPerToken)} and ` +
      `${mebibytes(cacheBytes)} are allowed`,
    { hint: `${possible} tokens would fit: use shorter prompts or fewer tokens to generate` },
  );
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
