// Seeded random numbers. Every random choice of a run comes from its seed and the row's own identity, never from time or
// from the order of completion; so a row can be made again alone.
import { createHash } from 'node:crypto';

/** A seed of 0 to 2^32 - 1 for one named thing: deriveSeed(1, 'respond', 2, 'c-00017'). */
export function deriveSeed(runSeed: number, ...identity: readonly (string | number)[]): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([runSeed, ...identity]))
    .digest();
  return digest.readUInt32LE(0);
}

/** A stream of numbers in [0, 1). sfc32 of PractRand, seeded by a hash of `seed`; the first numbers are already mixed. */
export function randomStream(seed: number): () => number {
  const digest = createHash('sha256').update(`isheep:${seed}`).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = 1;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
}

/** `n` different items of `items` in random order; all of them, shuffled, where there are no more than `n`. */
export function sampleWithoutReplacement<T>(items: readonly T[], n: number, random: () => number): T[] {
  const pool = [...items];
  const taken = Math.min(n, pool.length);
  for (let i = 0; i < taken; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j] as T, pool[i] as T];
  }
  return pool.slice(0, taken);
}

/** As above, each next item drawn from the rest in proportion to its weight; items of weight 0 are never drawn. By the keys
 *  u^(1/weight) of Efraimidis and Spirakis, Information Processing Letters 97(5), 2006, here as logarithms. */
export function weightedSample<T>(
  items: readonly T[],
  n: number,
  weightOf: (item: T) => number,
  random: () => number,
): T[] {
  const keyed = items.map((item) => ({ item, weight: weightOf(item), u: 1 - random() }));
  return keyed
    .filter(({ weight }) => weight > 0)
    .map(({ item, weight, u }) => ({ item, key: Math.log(u) / weight }))
    .sort((a, b) => b.key - a.key)
    .slice(0, n)
    .map(({ item }) => item);
}
