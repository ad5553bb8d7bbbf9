import { describe, expect, it } from 'vitest';

import type { UnrankedAssessment } from '../../../../src/stages/assess/assess.js';
import { rankPool, ranksOf } from '../../../../src/stages/assess/rank.js';

const one = (id: string, response: number, back: number, end: number): UnrankedAssessment => ({
  id,
  method: 'likelihood',
  likelihood: { response, back, end },
});

describe('ranks', () => {
  it('are the share of the others that is lower: 1 is best, 0 is worst', () => {
    expect(ranksOf([-3, -1, -2])).toEqual([0, 1, 0.5]);
  });

  it('count ties half', () => {
    expect(ranksOf([5, 5, 5])).toEqual([0.5, 0.5, 0.5]);
    expect(ranksOf([1, 2, 2, 3, 4])).toEqual([0, 0.375, 0.375, 0.75, 1]);
  });

  it('of a pool of one is 1, of none nothing', () => {
    expect(ranksOf([-7])).toEqual([1]);
    expect(ranksOf([])).toEqual([]);
  });

  it('agree with counting pair by pair', () => {
    const values = Array.from({ length: 200 }, (_, i) => ((i * 7919) % 61) - 30);
    const counted = values.map((value, i) =>
      values.reduce((sum, other, k) => sum + (k === i ? 0 : other < value ? 1 : other === value ? 0.5 : 0), 0),
    );
    expect(ranksOf(values)).toEqual(counted.map((count) => count / 199));
  });
});

describe('rankPool', () => {
  it('gives each pair its lowest rank', () => {
    const pool = [one('a', -1, 3, -9), one('b', -2, 2, -1), one('c', -3, 1, -2)];
    expect(rankPool(pool).map((row) => 'rank' in row && row.rank)).toEqual([0, 0.5, 0]);
  });

  it('leaves out those without an assessment and keeps the order', () => {
    const failed: UnrankedAssessment = {
      id: 'x',
      method: 'likelihood',
      quality: null,
      following: null,
      reason: 'empty-response',
    };
    const ranked = rankPool([one('a', -1, 3, -1), failed, one('b', -2, 2, -2)]);
    expect(ranked.map((row) => [row.id, 'rank' in row ? row.rank : undefined])).toEqual([
      ['a', 1],
      ['x', undefined],
      ['b', 0],
    ]);
    expect(ranked[1]).toEqual(failed);
  });
});
