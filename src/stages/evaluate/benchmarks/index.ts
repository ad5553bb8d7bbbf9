// All benchmarks, in the order in which they are listed.
import { IsheepError } from '../../../shared/errors.js';
import { nearestWord } from '../../../shared/nearest-word.js';
import type { Benchmark } from '../benchmark.js';

export const benchmarks: readonly Benchmark[] = [];

/** Throws `bad-config` with the nearest name. */
export function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = benchmarks.map((one) => one.name);
  const nearest = nearestWord(name, names);
  throw new IsheepError('bad-config', `there is no benchmark "${name}"`, {
    hint: nearest === undefined ? `there are ${names.join(', ')}` : `did you mean ${nearest}?`,
  });
}
