// Which pairs are trained on where nothing is judged: those that surprise the model least, one of each cluster of alike
// tasks, or the least surprising of each cluster (Liang et al., arXiv 2408.08072, §4.3 and table 3).
import type { Config } from '../../config/schema.js';
import { deriveSeed } from '../../shared/random.js';
import type { Measurement, Pair } from '../../shared/rows.js';
import { addCount, sortCounts } from '../../shared/verdicts.js';
import type { Clusters } from './cluster.js';
import { needsPerplexity, needsVectors } from './measure.js';
import type { Selection } from './select.js';

export interface MeasuredPairs {
  pairs: readonly Pair[];
  /** In any order, matched by id. */
  measurements: readonly Measurement[];
  /** Present for density. */
  clusters?: Clusters | undefined;
  /** The run's seed. */
  seed: number;
  iteration: number;
}

/** A measured pair, and how it is compared with others: lower is better, equals by id. */
interface Rated {
  pair: Pair;
  measurement: Exclude<Measurement, { reason: string }>;
  rating: number;
}

export function selectMeasured(input: MeasuredPairs, settings: Config['select']): Selection {
  const notKept: Record<string, number> = {};
  const rated = rate(input, settings, notKept);
  const passing = needsVectors(settings.by)
    ? bestOfEach(rated, ({ pair }) => input.clusters?.byId.get(pair.id))
    : rated.filter(({ measurement }) => isBelow(measurement, settings.maxPerplexity));
  addCount(notKept, needsVectors(settings.by) ? 'same-cluster' : 'over-perplexity', rated.length - passing.length);
  if (needsPerplexity(settings.by)) passing.sort(better);
  const kept = passing.slice(0, settings.atMost);
  addCount(notKept, 'over-at-most', passing.length - kept.length);
  const rule = `${ruleInWords(settings, input.clusters)}, at most ${settings.atMost}`;
  return { dataset: kept.map(({ pair }) => pair), rule, notKept: sortCounts(notKept) };
}

/** The pairs that could be measured, in order. */
function rate(
  { pairs, measurements, seed, iteration }: MeasuredPairs,
  { by }: Config['select'],
  notKept: Record<string, number>,
): Rated[] {
  const byId = new Map(measurements.map((one) => [one.id, one]));
  return pairs.flatMap((pair) => {
    const measurement = byId.get(pair.id);
    if (measurement === undefined || 'reason' in measurement) {
      addCount(notKept, measurement?.reason ?? 'not-measured');
      return [];
    }
    // Where nothing but chance decides, the rating is the pair's own lot.
    const lot = () => deriveSeed(seed, 'select', iteration, pair.id);
    return [{ pair, measurement, rating: needsPerplexity(by) ? (measurement.perplexity?.pair ?? Infinity) : lot() }];
  });
}

function better(a: Rated, b: Rated): number {
  return a.rating - b.rating || (a.pair.id < b.pair.id ? -1 : 1);
}

/** The best of each cluster, in the order in which they came. */
function bestOfEach(rated: readonly Rated[], clusterOf: (one: Rated) => number | undefined): Rated[] {
  const best = new Map<number | undefined, Rated>();
  for (const one of rated) {
    const before = best.get(clusterOf(one));
    if (before === undefined || better(one, before) < 0) best.set(clusterOf(one), one);
  }
  const chosen = new Set(best.values());
  return rated.filter((one) => chosen.has(one));
}

function isBelow({ perplexity }: Rated['measurement'], limit: number): boolean {
  return perplexity !== undefined && perplexity.response < limit && perplexity.pair < limit;
}

function ruleInWords({ by, maxPerplexity }: Config['select'], clusters: Clusters | undefined): string {
  if (by === 'perplexity') return `perplexity of response and pair both below ${maxPerplexity}`;
  const each = `one of each of ${clusters?.count ?? 0} clusters`;
  return by === 'density' ? `${each}, drawn by lot` : `${each}, lowest perplexity`;
}
