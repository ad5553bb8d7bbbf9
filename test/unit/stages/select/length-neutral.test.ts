import { describe, expect, it } from 'vitest';

import { selectSchema } from '../../../../src/config/schema.js';
import { rankCorrelation } from '../../../../src/shared/rank-statistics.js';
import { randomStream } from '../../../../src/shared/random.js';
import type { Assessment, Pair } from '../../../../src/shared/rows.js';
import { withoutLength } from '../../../../src/stages/select/length-neutral.js';
import { select } from '../../../../src/stages/select/select.js';

describe('scores without length', () => {
  it('are equal where length alone made them', () => {
    const words = [0, 1, 5, 20, 100];
    const scores = words.map((n) => 9 - 1.5 * Math.log1p(n));
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    for (const score of withoutLength(scores, words)) expect(score).toBeCloseTo(mean, 10);
  });

  it('stay as they are where all are equally long, and keep their mean', () => {
    expect(withoutLength([3, 5, 9], [7, 7, 7])).toEqual([3, 5, 9]);
    const scores = [1, 8, 3, 9, 2];
    const sum = withoutLength(scores, [3, 90, 12, 40, 5]).reduce((total, score) => total + score, 0);
    expect(sum).toBeCloseTo(23, 10);
  });

  it('no longer go with it', () => {
    const random = randomStream(7);
    const words = Array.from({ length: 200 }, () => Math.floor(200 * random()));
    const scores = words.map((n) => Math.log1p(n) + 2 * random());
    expect(rankCorrelation(scores, words)).toBeGreaterThan(0.6);
    expect(Math.abs(rankCorrelation(withoutLength(scores, words), words))).toBeLessThan(0.15);
  });
});

it('selects a long answer that is good for its length before short ones that are good for being short', () => {
  const lengths = [1, 2, 4, 8, 16, 32];
  const pairs: Pair[] = lengths.map((n, i) => ({
    id: `c-${i}`,
    instruction: 'Say it.',
    input: '',
    response: Array.from({ length: n }, () => 'word').join(' '),
  }));
  // A line through length, but for the last, which is better than it.
  const ranks = [0.9, 0.75, 0.6, 0.45, 0.3, 0.5];
  const likelihood = { response: 0, back: 0, end: 0 };
  const assessments = ranks.map((rank, i): Assessment => ({ id: `c-${i}`, method: 'likelihood', likelihood, rank }));
  const kept = (lengthNeutral: boolean) =>
    select(pairs, assessments, selectSchema.parse({ share: 0.2, lengthNeutral }));
  expect(kept(false).dataset.map(({ id }) => id)).toEqual(['c-0']);
  expect(kept(true).dataset.map(({ id }) => id)).toEqual(['c-5']);
  expect(kept(true).rule).toBe('the best 20 % by rank, length taken out, at most 3000');
});
