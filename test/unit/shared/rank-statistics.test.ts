import { expect, it } from 'vitest';

import { areaUnderCurve, midRanks, rankCorrelation } from '../../../src/shared/rank-statistics.js';

it('the area under the curve is how often the good one scores higher, ties half', () => {
  expect(areaUnderCurve([3, 4], [1, 2], true)).toEqual({ value: 1, low: 1, high: 1 });
  expect(areaUnderCurve([1, 2], [1, 2], true).value).toBe(0.5);
  // By hand: 2 over 1, 2 over 1.5, 0 over none, 1 ties 1: 2.5 of 6.
  expect(areaUnderCurve([2, 0], [1, 1.5, 3], false).value).toBeCloseTo(2 / 6);
});

it('its interval covers the truth about as often as it says', () => {
  let covered = 0;
  for (let trial = 0; trial < 60; trial++) {
    const draw = (k: number) => Math.sin((trial * 97 + k) * 12.9898) * 43758.5453;
    const uniform = (k: number) => draw(k) - Math.floor(draw(k));
    // Good ones are uniform on 0.2 to 1.2, bad ones on 0 to 1: the area is 1 - 0.8 * 0.8 / 2 = 0.68.
    const good = Array.from({ length: 60 }, (_, i) => uniform(i) + 0.2);
    const bad = Array.from({ length: 60 }, (_, i) => uniform(1000 + i));
    const { low, high } = areaUnderCurve(good, bad, true);
    if (low <= 0.68 && high >= 0.68) covered++;
  }
  expect(covered / 60).toBeGreaterThan(0.85);
});

it("Spearman's correlation looks at ranks alone, and shares them among equals", () => {
  expect(midRanks([10, 30, 20, 30])).toEqual([1, 3.5, 2, 3.5]);
  expect(rankCorrelation([1, 2, 3], [1, 10, 100])).toBeCloseTo(1);
  expect(rankCorrelation([1, 2, 3], [9, 4, 1])).toBeCloseTo(-1);
  expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBe(0);
});
