import { describe, expect, it } from 'vitest';

import type { ItemResult, Metric } from '../../../../src/stages/evaluate/benchmark.js';
import { compareResults, estimateMetrics, verdictOf } from '../../../../src/stages/evaluate/metrics.js';

const metrics: Metric[] = [
  { name: 'accuracy', unit: '%', about: '' },
  { name: 'loss', unit: 'nats', about: '', lowerIsBetter: true },
  { name: 'perplexity', unit: 'perplexity', about: '', lowerIsBetter: true, of: Math.exp },
  { name: 'never', unit: '%', about: '' },
];

function item(id: string, shares: ItemResult['shares'], cluster?: string): ItemResult {
  return { id, shares, details: {}, ...(cluster !== undefined && { cluster }) };
}

function answers(right: readonly boolean[], cluster?: (i: number) => string): ItemResult[] {
  return right.map((isRight, i) => item(`q${i}`, { accuracy: { value: isRight ? 100 : 0, weight: 1 } }, cluster?.(i)));
}

describe('metrics of items', () => {
  it('weigh items, and leave out what no item tells of', () => {
    const results = [
      item('a', { loss: { value: 6, weight: 3 }, perplexity: { value: 6, weight: 3 } }),
      item('b', { loss: { value: 1, weight: 1 }, perplexity: { value: 1, weight: 1 } }),
    ];
    const estimates = estimateMetrics({ metrics }, results);
    expect(Object.keys(estimates)).toEqual(['loss', 'perplexity']);
    expect(estimates.loss).toMatchObject({ value: 7 / 4, low: 1, high: 2, unit: 'nats', n: 2 });
    expect(estimates.perplexity?.value).toBeCloseTo(Math.exp(7 / 4), 12);
    expect(estimates.perplexity?.high).toBeCloseTo(Math.exp(2), 12);
  });

  it('have an interval as wide as the binomial one, and the same each time', () => {
    const results = answers(Array.from({ length: 400 }, (_, i) => i % 4 !== 0));
    const { accuracy } = estimateMetrics({ metrics }, results);
    const half = 1.96 * 100 * Math.sqrt((0.75 * 0.25) / 400);
    expect(accuracy?.value).toBe(75);
    expect(Math.abs((accuracy?.low ?? 0) - (75 - half))).toBeLessThan(0.6);
    expect(Math.abs((accuracy?.high ?? 0) - (75 + half))).toBeLessThan(0.6);
    expect(estimateMetrics({ metrics }, results)).toEqual({ accuracy });
  });

  it('have a wider interval where items come in clusters that agree', () => {
    const right = Array.from({ length: 400 }, (_, i) => Math.floor(i / 10) % 2 === 0);
    const alone = estimateMetrics({ metrics }, answers(right)).accuracy;
    const clustered = estimateMetrics(
      { metrics },
      answers(right, (i) => `text ${Math.floor(i / 10)}`),
    ).accuracy;
    const width = (one: typeof alone) => (one?.high ?? 0) - (one?.low ?? 0);
    // Ten that agree are worth one: √10 times as wide.
    expect(width(clustered) / width(alone)).toBeGreaterThan(2.5);
  });
});

describe('two models on the same items', () => {
  it('are compared item by item, on those that both have', () => {
    const base = answers(Array.from({ length: 100 }, (_, i) => i < 40));
    const tuned = answers(Array.from({ length: 90 }, (_, i) => i < 60));
    const { accuracy } = compareResults({ metrics }, tuned, base);
    expect(accuracy).toMatchObject({ n: 90, other: 4000 / 90, value: 6000 / 90 });
    expect(accuracy?.difference).toBeCloseTo((20 / 90) * 100, 10);
    expect(accuracy?.p).toBeCloseTo(2 / 2 ** 20, 12);
    expect(accuracy && verdictOf(accuracy)).toBe('better');
  });

  it('are not told apart by chance, nor by one cluster', () => {
    const base = answers(Array.from({ length: 100 }, (_, i) => i % 2 === 0));
    const other = answers(Array.from({ length: 100 }, (_, i) => i % 2 === 1));
    const equal = compareResults({ metrics }, other, base).accuracy;
    expect(equal && verdictOf(equal)).toBe('no difference');
    const oneText = (value: number) => answers(Array<boolean>(30).fill(value === 1), () => 'one text');
    expect(compareResults({ metrics }, oneText(1), oneText(0)).accuracy?.p).toBe(1);
  });

  it('are better with a lower loss, and p-values are corrected over the metrics', () => {
    const losses = (shift: number) =>
      Array.from({ length: 40 }, (_, i) => {
        const share = { value: 2 * (i + shift + (i % 3) * 0.01 * shift), weight: 2 };
        return item(`q${i}`, { loss: share, perplexity: share });
      });
    const compared = compareResults({ metrics }, losses(1), losses(2));
    expect(compared.loss && verdictOf(compared.loss)).toBe('better');
    expect(compared.loss?.corrected).toBeCloseTo(2 * (compared.loss?.p ?? 0), 12);
    const worse = compareResults({ metrics }, losses(2), losses(1)).perplexity;
    expect(worse && verdictOf(worse)).toBe('worse');
  });
});
