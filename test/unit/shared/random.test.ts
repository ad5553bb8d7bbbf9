import { describe, expect, it } from 'vitest';

import { randomStream, weightedSample } from '../../../src/shared/random.js';

describe('weightedSample', () => {
  const weights: Record<string, number> = { a: 4, b: 2, c: 1, d: 1, none: 0 };
  const draw = (n: number, random: () => number) =>
    weightedSample(Object.keys(weights), n, (item) => weights[item] ?? 0, random);

  it('draws the first in proportion to its weight, and the next one from what is left', () => {
    const random = randomStream(11);
    const draws = Array.from({ length: 20_000 }, () => draw(2, random));
    const share = (of: string[][], at: number, item: string) => of.filter((one) => one[at] === item).length / of.length;
    for (const [item, weight] of Object.entries(weights)) expect(share(draws, 0, item)).toBeCloseTo(weight / 8, 1);
    const afterA = draws.filter(([first]) => first === 'a');
    expect(share(afterA, 1, 'b')).toBeCloseTo(2 / 4, 1);
    expect(share(afterA, 1, 'c')).toBeCloseTo(1 / 4, 1);
  });

  it('never draws what has no weight, nor anything twice', () => {
    expect(draw(9, randomStream(1)).sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
