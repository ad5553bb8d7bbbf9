import { describe, expect, it, test } from 'vitest';

import { selectSchema } from '../../../../src/config/schema.js';
import type { Measurement, Pair } from '../../../../src/shared/rows.js';
import { selectMeasured } from '../../../../src/stages/select/by-measurement.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const pairs: Pair[] = ids.map((id) => ({ id, instruction: id, input: '', response: id }));

/** Perplexities of response and pair, by id. */
const perplexities = (values: Record<string, [number, number]>): Measurement[] =>
  Object.entries(values).map(([id, [response, pair]]) => ({ id, perplexity: { response, pair } }));

const settings = (given: Record<string, unknown>) => selectSchema.parse(given);

const choose = (measurements: Measurement[], given: Record<string, unknown>, labels?: number[]) => {
  const count = new Set(labels).size;
  const clusters = labels && { byId: new Map(labels.map((label, i) => [ids[i] ?? '', label])), count };
  return selectMeasured({ pairs, measurements, clusters, seed: 1, iteration: 2 }, settings(given));
};

const kept = ({ dataset }: { dataset: readonly Pair[] }) => dataset.map(({ id }) => id).join('');

describe('by perplexity', () => {
  const measured = perplexities({ a: [10, 40], b: [50, 20], c: [20, 50], d: [49.9, 49.9], e: [3, 4], f: [900, 2] });

  it('keeps pairs of which both are below the limit, the least surprising pair first', () => {
    const selection = choose(measured, { by: 'perplexity' });
    expect(kept(selection)).toBe('ead');
    expect(selection).toMatchObject({
      rule: 'perplexity of response and pair both below 50, at most 3000',
      notKept: { 'over-perplexity': 3 },
    });
  });

  it.each([
    [5, 'e'],
    [41, 'ea'],
    [50.5, 'ebadc'],
    [1000, 'febadc'],
  ])('has the limit %d that it is told', (maxPerplexity, expected) => {
    expect(kept(choose(measured, { by: 'perplexity', maxPerplexity }))).toBe(expected);
  });

  it('keeps no more than asked for, and counts why others are not there', () => {
    const some: Measurement[] = [...measured.slice(0, 4), { id: 'e', reason: 'request-failed' }];
    const selection = choose(some, { by: 'perplexity', atMost: 1 });
    expect(kept(selection)).toBe('a');
    expect(selection.notKept).toEqual({
      'over-perplexity': 2,
      'not-measured': 1,
      'over-at-most': 1,
      'request-failed': 1,
    });
  });
});

describe('by density', () => {
  const measured: Measurement[] = ids.map((id) => ({ id, vector: '' }));

  it('keeps one of each cluster, drawn by the seed and the iteration, in the order in which they came', () => {
    const labels = [0, 0, 0, 1, 1, 2];
    const drawn = Array.from({ length: 30 }, (_, seed) => {
      const clusters = { byId: new Map(ids.map((id, i) => [id, labels[i] as number])), count: 3 };
      return kept(
        selectMeasured({ pairs, measurements: measured, clusters, seed, iteration: 1 }, settings({ by: 'density' })),
      );
    });
    expect(drawn.every((one) => /^[abc][de]f$/.test(one))).toBe(true);
    expect(new Set(drawn).size).toBe(6);
    expect(choose(measured, { by: 'density' }, labels)).toMatchObject({
      rule: 'one of each of 3 clusters, drawn by lot, at most 3000',
      notKept: { 'same-cluster': 3 },
    });
  });

  it('gives every pair of a cluster the same chance', () => {
    const clusters = { byId: new Map(ids.map((id) => [id, 0])), count: 1 };
    const wins = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      const input = { pairs, measurements: measured, clusters, seed, iteration: 1 };
      const winner = kept(selectMeasured(input, settings({ by: 'density' })));
      wins.set(winner, (wins.get(winner) ?? 0) + 1);
    }
    expect([...wins.values()].every((n) => n > 70 && n < 130)).toBe(true);
  });
});

test('by density and perplexity the least surprising pair of each cluster is kept, whatever its perplexity', () => {
  const measured = perplexities({ a: [1, 90], b: [1, 80], c: [1, 80], d: [1, 5], e: [1, 6], f: [999, 700] });
  const selection = choose(measured, { by: 'density+perplexity' }, [0, 0, 0, 1, 1, 2]);
  expect(kept(selection)).toBe('dbf');
  expect(selection).toMatchObject({
    rule: 'one of each of 3 clusters, lowest perplexity, at most 3000',
    notKept: { 'same-cluster': 3 },
  });
});
