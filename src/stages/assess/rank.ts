// Ranks of likelihoods within a pool. The lowest of the three ranks counts: a pair must be likely in every respect (an
// off-topic response fails `back`, a cut one `end`, a garbled one `response`).
import type { Assessment } from '../../shared/rows.js';
import type { UnrankedAssessment } from './assess.js';

/** Fills in the ranks of a whole pool; assessments by grades, and those that failed, stay as they are. Order is kept. */
export function rankPool(pool: readonly UnrankedAssessment[]): Assessment[] {
  const known = pool.flatMap((one) => ('likelihood' in one ? [one] : []));
  const ranks = {
    response: ranksOf(known.map((one) => one.likelihood.response)),
    back: ranksOf(known.map((one) => one.likelihood.back)),
    end: ranksOf(known.map((one) => one.likelihood.end)),
  };
  let i = 0;
  return pool.map((one) => {
    if (!('likelihood' in one)) return one;
    const rank = Math.min(ranks.response[i] ?? 0, ranks.back[i] ?? 0, ranks.end[i] ?? 0);
    i += 1;
    return { ...one, rank };
  });
}

/** Of each value, the share of the others that is lower, ties counting half: 1 is the only best, 0 the only worst. A
 *  value without others has 1. */
export function ranksOf(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  if (values.length < 2) return values.map(() => 1);
  return values.map((value) => {
    const lower = countBelow(sorted, value, false);
    const equalOthers = countBelow(sorted, value, true) - lower - 1;
    return (lower + equalOthers / 2) / (values.length - 1);
  });
}

/** How many of the sorted values are below `value`, or with `orEqual` not above it. */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = sorted[middle] as number;
    if (at < value || (orEqual && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
