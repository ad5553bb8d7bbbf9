// How far a mean would move with other items: percentiles of the bootstrap (Efron and Tibshirani, 1993, chapter 13).
import { deriveSeed, randomStream } from './random.js';

/** What one observation adds to a mean, which is the sum of the values over the sum of the weights. */
export interface WeightedValue {
  value: number;
  weight: number;
}

export function weightedMean(values: readonly WeightedValue[]): number {
  let value = 0;
  let weight = 0;
  for (const one of values) {
    value += one.value;
    weight += one.weight;
  }
  return value / weight;
}

/** 95 % interval of the mean, by resampling observations; the same numbers give the same interval. Draws without any weight
 *  are left out, so there must be one observation that has some. */
export function bootstrapInterval(values: readonly WeightedValue[], draws: number): { low: number; high: number } {
  const random = randomStream(deriveSeed(1, 'bootstrap'));
  const means: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    let value = 0;
    let weight = 0;
    for (let left = values.length; left > 0; left--) {
      const one = values[Math.floor(random() * values.length)] as WeightedValue;
      value += one.value;
      weight += one.weight;
    }
    if (weight > 0) means.push(value / weight);
  }
  means.sort((a, b) => a - b);
  const at = (share: number) => means[Math.round(share * (means.length - 1))] as number;
  return { low: at(0.025), high: at(0.975) };
}

/** Observations that are no two independent ones, such as questions on one text, added up to one. */
export function byCluster<T extends WeightedValue>(
  values: readonly T[],
  clusterOf: (value: T) => string,
): WeightedValue[] {
  const clusters = new Map<string, WeightedValue>();
  for (const one of values) {
    const name = clusterOf(one);
    const { value, weight } = clusters.get(name) ?? { value: 0, weight: 0 };
    clusters.set(name, { value: value + one.value, weight: weight + one.weight });
  }
  return [...clusters.values()];
}
