import { describe, expect, it } from 'vitest';

import { comparePaired, deviation, holm } from '../../../src/shared/paired-test.js';
import { randomStream } from '../../../src/shared/random.js';

describe('a paired comparison', () => {
  it('tries all signs of few items', () => {
    // All of one sign: only this choice and its opposite are as far from 0.
    expect(comparePaired([1, 2, 3, 4, 5])).toMatchObject({ n: 5, difference: 3, p: 2 / 32 });
    // |mean| of 1, -1 is 0, which every choice reaches.
    expect(comparePaired([1, -1])).toMatchObject({ difference: 0, p: 1 });
    // 3, 1, -2: sums ±6, ±4, ±2, 0 in eight choices; at least 2 from 0 are all but the two zeros.
    expect(comparePaired([3, 1, -2]).p).toBe(6 / 8);
    // The same, with sums that differ in their last bits: ±0.5, ±1.1, ±0.1.
    expect(comparePaired([0.1 + 0.2, -0.3, 0.5]).p).toBe(6 / 8);
  });

  it('draws signs of many, and never says 0', () => {
    const all = Array.from({ length: 60 }, (_, i) => 1 + i / 60);
    expect(comparePaired(all).p).toBeCloseTo(1 / 10_001, 12);
  });

  it("is McNemar's exact test where items differ by one amount or not at all", () => {
    const answers = (up: number, down: number, same: number) =>
      comparePaired([...Array<number>(up).fill(1), ...Array<number>(down).fill(-1), ...Array<number>(same).fill(0)]).p;
    // Binomial(12, 1/2): 2 · (1 + 12 + 66) / 4096.
    expect(answers(10, 2, 30)).toBeCloseTo(0.03857421875, 12);
    expect(answers(2, 10, 3)).toBeCloseTo(0.03857421875, 12);
    expect(answers(6, 6, 100)).toBe(1);
    expect(answers(0, 0, 9)).toBe(1);
    expect(answers(60, 0, 0)).toBeCloseTo(2 / 2 ** 60, 25);
    expect(answers(600, 500, 0)).toBeCloseTo(0.00281954, 8); // exact sum of the binomial tail
  });

  it('is right as often as it says where there is no difference', () => {
    const random = randomStream(3);
    const ps = Array.from({ length: 100 }, () => comparePaired(Array.from({ length: 12 }, () => random() - 0.5)).p);
    expect(ps.filter((p) => p < 0.05).length).toBeLessThan(13);
    expect(ps.filter((p) => p < 0.5).length).toBeGreaterThan(30);
  });

  it('has an interval around the mean that is narrow where items agree', () => {
    const { low, high } = comparePaired([1, 1.1, 0.9, 1, 1.05, 0.95, 1, 1]);
    expect(low).toBeGreaterThan(0.9);
    expect(high).toBeLessThan(1.1);
    expect(comparePaired([2, 2, 2])).toMatchObject({ low: 2, high: 2 });
  });
});

it("corrects p-values as Holm's example does", () => {
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => expect(corrected[i]).toBeCloseTo(p, 12));
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});

it('has the deviation of a sample', () => {
  expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.13809, 5);
  expect(deviation([3])).toBe(0);
});
