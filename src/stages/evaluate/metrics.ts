// From what each item is worth to the metrics of a benchmark, each with a 95 % interval; and whether one model is better than
// another on the same items.
import { bootstrapInterval, byCluster, weightedMean, type WeightedValue } from '../../shared/bootstrap.js';
import { comparePaired, holm } from '../../shared/paired-test.js';
import type { Benchmark, ItemResult, Metric } from './benchmark.js';

export interface Estimate {
  value: number;
  /** 95 %, by resampling items (clusters of items, where they have such). */
  low: number;
  high: number;
  unit: Metric['unit'];
  /** Items that it is made of. */
  n: number;
}

/** A model against another one on the same items. */
export interface MetricComparison {
  /** Items that both have. */
  n: number;
  /** The metric of the other one, and of this one. */
  other: number;
  value: number;
  /** value - other, with a 95 % interval; of a perplexity, as means before exp. */
  difference: number;
  low: number;
  high: number;
  /** Two-sided; McNemar's exact test for yes and no, a permutation test otherwise. */
  p: number;
  /** After Holm's correction over the metrics compared, but for neutral ones; as it is of such. */
  corrected: number;
  lowerIsBetter: boolean;
  isNeutral?: boolean;
}

const draws = 2_000;

/** In the order of the benchmark; a metric that no item says anything of is left out. */
export function estimateMetrics(
  { metrics }: Pick<Benchmark, 'metrics'>,
  results: readonly ItemResult[],
): Record<string, Estimate> {
  const estimates: Record<string, Estimate> = {};
  for (const metric of metrics) {
    const shares = sharesOf(metric.name, results);
    if (!shares.some(({ weight }) => weight > 0)) continue;
    const of = metric.of ?? ((mean) => mean);
    const { low, high } = bootstrapInterval(
      byCluster(shares, ({ cluster }) => cluster),
      draws,
    );
    const value = of(weightedMean(shares));
    estimates[metric.name] = { value, low: of(low), high: of(high), unit: metric.unit, n: shares.length };
  }
  return estimates;
}

interface ClusteredShare extends WeightedValue {
  cluster: string;
}

function sharesOf(metric: string, results: readonly ItemResult[]): ClusteredShare[] {
  return results.flatMap(({ id, cluster, shares }) => {
    const share = shares[metric];
    return share === undefined ? [] : [{ ...share, cluster: cluster ?? `item ${id}` }];
  });
}

/** By metric, on the items that both have; a metric that they have no item for is left out. */
export function compareResults(
  { metrics }: Pick<Benchmark, 'metrics'>,
  results: readonly ItemResult[],
  others: readonly ItemResult[],
): Record<string, MetricComparison> {
  const otherById = new Map(others.map((one) => [one.id, one]));
  const compared = metrics.flatMap((metric) => {
    const pairs = results.flatMap(({ id, cluster, shares }) => {
      const [own, other] = [shares[metric.name], otherById.get(id)?.shares[metric.name]];
      if (own === undefined || other === undefined || own.weight === 0 || other.weight === 0) return [];
      return [{ cluster: cluster ?? `item ${id}`, own, other }];
    });
    return pairs.length === 0 ? [] : [{ metric, ...comparePairs(metric, pairs) }];
  });
  const deciding = compared.filter(({ metric }) => metric.isNeutral !== true);
  const corrected = holm(deciding.map(({ p }) => p));
  return Object.fromEntries(
    compared.map((one) => {
      const { metric, ...comparison } = one;
      const place = deciding.indexOf(one);
      const neutral = { ...comparison, corrected: comparison.p, isNeutral: true };
      return [metric.name, place < 0 ? neutral : { ...comparison, corrected: corrected[place] as number }];
    }),
  );
}

function comparePairs(
  { of = (mean: number) => mean, lowerIsBetter = false }: Metric,
  pairs: readonly { cluster: string; own: WeightedValue; other: WeightedValue }[],
): Omit<MetricComparison, 'corrected'> {
  const mean = (pick: (pair: (typeof pairs)[number]) => WeightedValue) => weightedMean(pairs.map(pick));
  // Each item by its own mean of both, times its weight: the sum over all weights is the difference of the metrics.
  const weighted = pairs.map(({ cluster, own, other }) => {
    const weight = (own.weight + other.weight) / 2;
    return { cluster, value: (own.value / own.weight - other.value / other.weight) * weight, weight };
  });
  const clusters = byCluster(weighted, ({ cluster }) => cluster);
  const meanWeight = weighted.reduce((sum, { weight }) => sum + weight, 0) / clusters.length;
  const { difference, low, high, p } = comparePaired(clusters.map(({ value }) => value / meanWeight));
  const [value, other] = [mean(({ own }) => own), mean((pair) => pair.other)];
  return { n: pairs.length, other: of(other), value: of(value), difference, low, high, p, lowerIsBetter };
}

/** Whether it is better, worse, or cannot be told apart, by the p-value given; or merely other, where neither way is better. */
export function verdictOf(
  { difference, corrected, lowerIsBetter, isNeutral }: MetricComparison,
  p = 0.05,
): 'better' | 'worse' | 'other' | 'no difference' {
  if (corrected >= p || difference === 0) return 'no difference';
  if (isNeutral === true) return 'other';
  return difference < 0 === lowerIsBetter ? 'better' : 'worse';
}
