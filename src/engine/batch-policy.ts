// How many sequences run at once, and how long they are. A pure function of a call's requests, the model and fixed
// settings, so that a call that is made again after a resume is computed in the same batches, to the same bytes.
import { IsheepError } from '../shared/errors.js';

export interface BatchShape {
  sequences: number;
  sequenceTokens: number;
  batchTokens: number;
  microBatchTokens: number;
}

/** What a runner is made for. */
export interface RunnerShape extends BatchShape {
  /** Whether it embeds, or generates and scores. */
  embeddings: boolean;
}

export interface BatchSettings {
  /** Sequences that run at the same time at most. */
  parallel: number;
  /** Memory that the cache of all sequences may take. */
  cacheBytes: number;
  /** Tokens of one step, prompts and generated ones; never fewer than sequences. 512 are enough for the matrix products to
   *  be efficient on a CPU. */
  batchTokens: number;
}

export const defaultBatchSettings: BatchSettings = { parallel: 64, cacheBytes: 2 * 1024 ** 3, batchTokens: 512 };

/** llama.cpp's limit. */
const maxSequences = 256;

/** llama.cpp pads a sequence's cache to this. */
const sequencePadding = 256;

/** Throws `not-enough-memory` where a sequence of so many tokens is too large for the cache; `name` is whose it is. */
export function checkFits(name: string, length: number, cacheBytesPerToken: number, settings: BatchSettings): void {
  const sequenceTokens = padded(length);
  if (sequenceTokens * cacheBytesPerToken <= settings.cacheBytes) return;
  const possible = Math.floor(settings.cacheBytes / cacheBytesPerToken / sequencePadding) * sequencePadding;
  throw new IsheepError(
    'not-enough-memory',
    `${name}: a sequence of ${sequenceTokens} tokens needs a cache of ` +
      `${mebibytes(sequenceTokens * cacheBytesPerToken)} and ${mebibytes(settings.cacheBytes)} are allowed`,
    { hint: `${possible} tokens would fit; use shorter texts, or allow more by inference.cacheMemory` },
  );
}

/** `lengths`: the tokens that each request may come to hold, prompt and generated; each fits (checkFits). */
export function chooseBatchShape(
  lengths: readonly number[],
  cacheBytesPerToken: number,
  settings: BatchSettings,
): BatchShape {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const sequenceTokens = padded(longest);
  const sequenceBytes = sequenceTokens * cacheBytesPerToken;
  const fitting = sequenceBytes === 0 ? maxSequences : Math.floor(settings.cacheBytes / sequenceBytes);
  const sequences = Math.max(1, Math.min(lengths.length, settings.parallel, fitting, maxSequences));
  // A step's batch is one micro-batch: a larger one would be cut across its sequences, into short runs that attention
  // computes slowly.
  const batchTokens = Math.max(settings.batchTokens, sequences);
  return { sequences, sequenceTokens, batchTokens, microBatchTokens: batchTokens };
}

export function sameShape(a: RunnerShape, b: RunnerShape): boolean {
  return (
    a.embeddings === b.embeddings &&
    a.sequences === b.sequences &&
    a.sequenceTokens === b.sequenceTokens &&
    a.batchTokens === b.batchTokens &&
    a.microBatchTokens === b.microBatchTokens
  );
}

function padded(length: number): number {
  return Math.ceil(length / sequencePadding) * sequencePadding;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
