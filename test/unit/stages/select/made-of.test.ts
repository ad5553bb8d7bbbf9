import { expect, it } from 'vitest';

import type { Pair } from '../../../../src/shared/rows.js';
import { madeOf } from '../../../../src/stages/select/made-of.js';
import { smallConfig } from '../../../support/run-folder.js';

const pair: Pair = {
  id: 'c-1-1',
  instruction: 'Describe the river of a small town.',
  input: '',
  response:
    'The river is 40 miles long, and its banks are green. Old Mr. Baker has fished there since 1962. ' +
    'In the evening, children throw flat stones from the northern bridge.',
};

it('gives pairs under constraints, then questions, as many as the settings allow', () => {
  const settings = { constraints: { hindsight: 6, beginnings: 0, endings: 0 }, select: { questions: 2 } };
  const made = madeOf(pair, smallConfig({ model: 'm', ...settings }), 1);
  const questions = made.filter(({ source }) => source?.question === true);
  expect(questions).toHaveLength(2);
  expect(made.slice(-2)).toEqual(questions);
  expect(made.length).toBeGreaterThan(2);
  expect(made.every(({ source }) => source?.hindsightOf === 'c-1-1')).toBe(true);
  expect(madeOf(pair, smallConfig({ model: 'm', constraints: { hindsight: 0 }, select: { questions: 0 } }), 1)).toEqual(
    [],
  );
});
