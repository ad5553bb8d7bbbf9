import { describe, expect, it } from 'vitest';

import { selectSchema } from '../../../../src/config/schema.js';
import type { Assessment, Pair } from '../../../../src/shared/rows.js';
import { select } from '../../../../src/stages/select/select.js';

const pairs: Pair[] = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, instruction: id, input: '', response: id }));
const likelihood = { response: 0, back: 0, end: 0 };
const ranked = (ranks: number[]): Assessment[] =>
  ranks.map((rank, i) => ({ id: pairs[i]?.id ?? '', method: 'likelihood', likelihood, rank }));
const graded = (grades: [number, number][]): Assessment[] =>
  grades.map(([quality, following], i) => ({ id: pairs[i]?.id ?? '', method: 'sampled', quality, following }));

describe('select on ranks', () => {
  it('keeps the best share, best first, equals by id', () => {
    const { dataset, rule, notKept } = select(
      pairs,
      ranked([0.5, 0.9, 0.1, 0.9, 0.2]),
      selectSchema.parse({ share: 0.6 }),
    );
    expect(dataset.map(({ id }) => id)).toEqual(['b', 'd', 'a']);
    expect(rule).toBe('the best 60 % by rank, at most 3000');
    expect(notKept).toEqual({ 'below-share': 2 });
  });

  it('keeps one pair where the share is less than one', () => {
    expect(select(pairs, ranked([0.5, 0.9, 0.1, 0.3, 0.2]), selectSchema.parse({ share: 0.01 })).dataset).toHaveLength(
      1,
    );
  });

  it('keeps no more than asked for', () => {
    const { dataset, notKept } = select(
      pairs,
      ranked([0.5, 0.9, 0.1, 0.3, 0.2]),
      selectSchema.parse({ share: 0.8, atMost: 2 }),
    );
    expect(dataset.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(notKept).toEqual({ 'over-at-most': 2, 'below-share': 1 });
  });

  it('takes the share of those that were assessed, and counts why the others were not', () => {
    const failed: Assessment = {
      id: 'c',
      method: 'likelihood',
      quality: null,
      following: null,
      reason: 'empty-response',
    };
    const assessments = [...ranked([0.5, 0.9]), failed];
    const { dataset, notKept } = select(pairs, assessments, selectSchema.parse({ share: 1 }));
    expect(dataset.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(notKept).toEqual({ 'not-assessed': 2, 'empty-response': 1 });
  });
});

describe('select on grades', () => {
  it('keeps pairs with both grades above the threshold, best first, grades in the row', () => {
    const grades = graded([
      [9, 9],
      [10, 9],
      [8, 10],
      [10, 8.5],
      [9, 9],
    ]);
    const { dataset, rule, notKept } = select(pairs, grades, selectSchema.parse({ threshold: 8 }));
    expect(dataset.map(({ id, quality, following }) => [id, quality, following])).toEqual([
      ['b', 10, 9],
      ['d', 10, 8.5],
      ['a', 9, 9],
      ['e', 9, 9],
    ]);
    expect(rule).toBe('quality and following both above 8, at most 3000');
    expect(notKept).toEqual({ 'below-threshold': 1 });
  });

  it.each([
    ['quality', ['b', 'c'], 'quality above 8, at most 3000'],
    ['following', ['a', 'c'], 'following above 8, at most 3000'],
  ] as const)('may look at %s alone, best first', (grades, ids, rule) => {
    const judged = graded([
      [2, 8.5],
      [10, 1],
      [9, 8.2],
      [8, 8],
    ]);
    const selection = select(pairs.slice(0, 4), judged, selectSchema.parse({ grades }));
    expect(selection).toMatchObject({ rule, notKept: { 'below-threshold': 2 } });
    expect(selection.dataset.map(({ id }) => id)).toEqual(ids);
  });

  it('keeps every pair as it came, judged or not, where no grade counts', () => {
    const settings = selectSchema.parse({ grades: 'none', atMost: 4 });
    const all = select(pairs, graded([[1, 1]]), settings);
    expect(all).toEqual({
      dataset: pairs.slice(0, 4),
      rule: 'all, at most 4',
      notKept: { 'over-at-most': 1 },
    });
    expect(select(pairs.slice(0, 2), [], settings)).toMatchObject({ dataset: pairs.slice(0, 2), notKept: {} });
  });

  it('keeps no pair without a response, of which nothing could be learnt', () => {
    const [first, second] = pairs.slice(0, 2);
    if (first === undefined || second === undefined) throw new Error('too few pairs');
    const selection = select([{ ...first, response: ' ' }, second], [], selectSchema.parse({ grades: 'none' }));
    expect(selection).toMatchObject({ dataset: [second], notKept: { 'empty-response': 1 } });
  });

  it('may keep nothing', () => {
    expect(select(pairs, graded([[1, 1]]), selectSchema.parse({}))).toMatchObject({
      dataset: [],
      notKept: { 'not-assessed': 4, 'below-threshold': 1 },
    });
  });
});

it('select refuses to compare assessments by different methods', () => {
  const mixed = [
    ...ranked([0.5]),
    ...graded([
      [1, 1],
      [2, 2],
    ]).slice(1),
  ];
  expect(() => select(pairs, mixed, selectSchema.parse({}))).toThrow(
    'assessments by different methods cannot be compared: likelihood, sampled',
  );
});

describe('a judge that disagrees with itself', () => {
  const repeated = (quality: number[], following: number[]): Assessment[] => [
    {
      ...{ id: 'a', method: 'sampled', quality: 9.5, following: 9.5 },
      repeats: { quality, following },
    },
  ];
  const [only] = pairs;
  const kept = (assessments: Assessment[], settings: object) =>
    select(only === undefined ? [] : [only], assessments, selectSchema.parse({ maxDisagreement: 1, ...settings }));

  it.each([
    ['kept: both grades repeat within the limit', [9, 10], [10, 9], {}, true],
    ['left out: one grade does not', [9, 10], [7, 10], {}, false],
    ['kept: the one that does not does not count', [9, 10], [7, 10], { grades: 'quality' }, true],
    ['kept: exactly the limit', [9, 11], [10, 10], {}, true],
  ])('%s', (_, quality, following, settings, isKept) => {
    const { dataset, notKept } = kept(repeated(quality, following), settings);
    expect(dataset).toHaveLength(isKept ? 1 : 0);
    expect(notKept).toEqual(isKept ? {} : { unsure: 1 });
  });

  it('is one that answered twice', () => {
    expect(kept(graded([[9, 9]]), {}).dataset).toHaveLength(1);
  });
});
