import { expect, it } from 'vitest';

import type { Pair } from '../../../../src/shared/rows.js';
import { accumulate } from '../../../../src/stages/select/accumulate.js';

const pairs = (iteration: number, n: number): Pair[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `c-${iteration}-${i}`,
    instruction: `Task ${iteration}.${i}`,
    input: '',
    response: 'Done.',
  }));
const earlier = [
  { iteration: 2, pairs: pairs(2, 4) },
  { iteration: 1, pairs: pairs(1, 8) },
];
const ids = (dataset: readonly Pair[]) => dataset.map(({ id }) => id);

it.each([
  ['nothing with weight 0', 0, []],
  ['half of the last and a quarter of the one before with weight 1/2', 0.5, ['c-2-0', 'c-2-1', 'c-1-0', 'c-1-1']],
  ['all with weight 1', 1, [...ids(pairs(2, 4)), ...ids(pairs(1, 8))]],
])('adds the best of earlier iterations: %s', (_, weight, added) => {
  const { dataset, added: n } = accumulate(pairs(3, 3), earlier, { weight, atMost: 100 });
  expect(ids(dataset)).toEqual([...ids(pairs(3, 3)), ...added]);
  expect(n).toBe(added.length);
});

it('marks what is not new with its iteration', () => {
  const { dataset } = accumulate(pairs(3, 1), earlier, { weight: 0.5, atMost: 100 });
  expect(dataset.map(({ iteration }) => iteration)).toEqual([undefined, 2, 2, 1, 1]);
});

it('keeps to the budget, the newest first', () => {
  const { dataset, added } = accumulate(pairs(3, 3), earlier, { weight: 1, atMost: 5 });
  expect(ids(dataset)).toEqual(['c-3-0', 'c-3-1', 'c-3-2', 'c-2-0', 'c-2-1']);
  expect(added).toBe(2);
});

it('leaves out a task that a newer pair has', () => {
  const again = { ...pairs(2, 1)[0], id: 'c-3-9' } as Pair;
  const { dataset } = accumulate([again], earlier.slice(0, 1), { weight: 1, atMost: 100 });
  expect(ids(dataset)).toEqual(['c-3-9', 'c-2-1', 'c-2-2', 'c-2-3']);
});
