import { describe, expect, it } from 'vitest';

import { selectSchema } from '../../../../src/config/schema.js';
import type { Assessment, Pair } from '../../../../src/shared/rows.js';
import { bestOfEach, difficulties } from '../../../../src/stages/select/best-of.js';
import { select } from '../../../../src/stages/select/select.js';

/** Responses named by candidate and number: a1, a2, b1. */
const pairsOf = (...names: string[]): Pair[] =>
  names.map((id) => ({ id, instruction: '', input: '', response: id, source: { candidate: id.slice(0, 1) } }));
const ranked = (ranks: Record<string, number>): Assessment[] =>
  Object.entries(ranks).map(([id, rank]) => ({
    id,
    method: 'likelihood',
    likelihood: { response: 0, back: 0, end: 0 },
    rank,
  }));
const graded = (grades: Record<string, [number, number]>): Assessment[] =>
  Object.entries(grades).map(([id, [quality, following]]) => ({ id, method: 'sampled', quality, following }));
const failed = (id: string): Assessment => ({
  ...{ id, method: 'likelihood', quality: null, following: null },
  reason: 'request-failed',
});
const idsOf = (pairs: readonly Pair[]) => pairs.map(({ id }) => id);

describe('the best response of each instruction', () => {
  it('is the one with the highest rank, the first of equals, and carries the gap to the worst', () => {
    const pairs = pairsOf('a1', 'a2', 'a3', 'b1', 'b2');
    const { pairs: best, notBest } = bestOfEach(
      pairs,
      ranked({ a1: 0.25, a2: 0.75, a3: 0.5, b1: 0.5, b2: 0.5 }),
      'both',
    );
    expect(best.map(({ id, difficulty }) => [id, difficulty])).toEqual([
      ['a2', 0.5],
      ['b1', 0],
    ]);
    expect(notBest).toBe(3);
  });

  it.each([
    ['both', 'a2'],
    ['quality', 'a1'],
    ['following', 'a3'],
  ] as const)('goes by the grades that select looks at: %s', (grades, id) => {
    const assessments = graded({ a1: [9, 2], a2: [8, 8], a3: [1, 10] });
    const { pairs: best } = bestOfEach(pairsOf('a1', 'a2', 'a3'), assessments, grades);
    // The gap is of the means of both grades, whatever select looks at: 8 of a2 to 5.5.
    expect(best).toMatchObject([{ id, difficulty: 2.5 }]);
  });

  it('is the first one where nothing is judged, and any assessed one before one that is not', () => {
    const pairs = pairsOf('a1', 'a2', 'b1', 'b2');
    expect(idsOf(bestOfEach(pairs, [], 'none').pairs)).toEqual(['a1', 'b1']);
    const some = [failed('a1'), ...ranked({ a2: 0 }), failed('b1'), failed('b2')];
    expect(idsOf(bestOfEach(pairs, some, 'both').pairs)).toEqual(['a2', 'b1']);
  });

  it('is the pair itself, untouched, where each instruction has one response', () => {
    const pairs: Pair[] = [{ id: 'a', instruction: 'a', input: '', response: 'b' }];
    expect(bestOfEach(pairs, ranked({ a: 1 }), 'both')).toEqual({ pairs, notBest: 0 });
  });

  it('has a gap only where two responses at least were assessed', () => {
    const pairs = pairsOf('a1', 'a2', 'b1', 'b2');
    const gaps = difficulties(pairs, [...ranked({ a1: 0.25, a2: 1, b1: 1 }), failed('b2')]);
    expect(gaps).toEqual(new Map([['a', 0.75]]));
  });
});

it('select takes its share of the instructions, not of the responses, and counts those that were not the best', () => {
  const pairs = pairsOf('a1', 'a2', 'b1', 'b2');
  const { dataset, notKept } = select(
    pairs,
    ranked({ a1: 0.1, a2: 0.9, b1: 0.6, b2: 0.5 }),
    selectSchema.parse({ share: 0.5 }),
  );
  expect(dataset.map(({ id, difficulty }) => [id, difficulty])).toEqual([['a2', 0.8]]);
  expect(notKept).toEqual({ 'not-best': 2, 'below-share': 1 });
});
