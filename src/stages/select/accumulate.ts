// Mixing earlier iterations' best pairs into a dataset. Replacing the data each time lets errors grow with the iterations,
// accumulating bounds them (Gerstgrasser et al., arXiv 2404.01413); the paper tried both ends (arXiv 2408.08072, table 2:
// One_base and Total_base).
import type { Pair } from '../../shared/rows.js';

export interface EarlierDataset {
  iteration: number;
  /** The pairs that this iteration itself kept, best first. */
  pairs: readonly Pair[];
}

export interface Accumulated {
  /** The newest pairs, then those of the iteration before, and so on; earlier ones name their iteration. */
  dataset: Pair[];
  /** How many came from earlier iterations. */
  added: number;
}

/** Of the iteration k turns ago the best `weight`^k, as far as `atMost` pairs in all; a task that a newer pair has is left
 *  out. `earlier`: the newest first. */
export function accumulate(
  newest: readonly Pair[],
  earlier: readonly EarlierDataset[],
  { weight, atMost }: { weight: number; atMost: number },
): Accumulated {
  const dataset = [...newest];
  const known = new Set(newest.map(taskOf));
  earlier.forEach(({ iteration, pairs }, i) => {
    const best = pairs.slice(0, Math.round(pairs.length * weight ** (i + 1)));
    for (const pair of best.filter((one) => !known.has(taskOf(one)))) {
      known.add(taskOf(pair));
      dataset.push({ ...pair, iteration });
    }
  });
  const kept = dataset.slice(0, Math.max(atMost, newest.length));
  return { dataset: kept, added: kept.length - newest.length };
}

function taskOf({ instruction, input }: Pair): string {
  return JSON.stringify([instruction, input]);
}
