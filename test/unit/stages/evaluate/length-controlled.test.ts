import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import {
  type JudgedLengths,
  lengthControlledWinRate,
} from '../../../../src/stages/evaluate/length-control/length-controlled.js';
import { fitLogistic } from '../../../../src/stages/evaluate/length-control/logistic-regression.js';
import {
  readLengthControl,
  type LengthControl,
} from '../../../../src/stages/evaluate/length-control/read-length-control.js';
import { fileOf } from '../../../support/evaluate.js';

interface Oracle {
  judged: (JudgedLengths & { preference: number })[];
  gamed: (string | number)[][];
  results: Record<'length_controlled_v1' | 'length_controlled_noreg', { default: number; exact: number }>;
}

const oracle = JSON.parse(readFileSync(new URL('./oracles/length-controlled.json', import.meta.url), 'utf8')) as Oracle;
const judged = oracle.judged.map((one) => ({ ...one, preference: one.preference === 0 ? 0.5 : one.preference - 1 }));

function control(columns: readonly number[]): LengthControl {
  const lines = oracle.gamed.map((row) => columns.map((column) => row[column]).join(','));
  return readLengthControl(fileOf(`${lines.join('\n')}\n`, 'df_gamed.csv'));
}

test('the win rate at equal lengths is that of AlpacaEval’s own program', () => {
  const { exact, default: published } = oracle.results.length_controlled_v1;
  const fitted = lengthControlledWinRate(judged, control([0, 1, 2, 3]));
  expect(fitted?.value).toBeCloseTo(exact, 4);
  expect(Math.abs((fitted?.value ?? NaN) - published)).toBeLessThan(0.02);
  expect(fitted?.low).toBeLessThan(exact);
  expect(fitted?.high).toBeGreaterThan(exact);
});

test('with difficulties alone it is that of the program’s form without gamed baselines', () => {
  const difficulties = control([0, 3]);
  expect(difficulties.gamed).toBeUndefined();
  const { exact } = oracle.results.length_controlled_noreg;
  expect(lengthControlledWinRate(judged, difficulties)?.value).toBeCloseTo(exact, 4);
});

test('an item without a verdict is predicted, and not fitted to', () => {
  const without = judged.map((one, i) => (i === 3 ? { ...one, preference: undefined } : one));
  const whole = lengthControlledWinRate(judged, control([0, 1, 2, 3]))?.value ?? NaN;
  const value = lengthControlledWinRate(without, control([0, 1, 2, 3]))?.value ?? NaN;
  expect(value).not.toBe(whole);
  expect(Math.abs(value - whole)).toBeLessThan(3);
});

test('nothing is fitted to a handful of verdicts', () => {
  expect(lengthControlledWinRate(judged.slice(0, 9), control([0, 1, 2, 3]))).toBeUndefined();
});

test('a strong penalty takes every weight to nothing', () => {
  const observations = judged.map(({ preference }, i) => ({ features: [1, i], label: preference, weight: 1 }));
  expect(fitLogistic(observations, 1e-9)).toEqual([0, 0]);
});

test('every bad cell of a table is named', () => {
  const file = fileOf('index,instruction_difficulty,preference,std_delta_len\n0,x,0.5,1\n1,0.2,1.5,\n', 'bad.csv');
  expect(() => readLengthControl(file)).toThrow(
    /3 problems .*bad\.csv:2: instruction_difficulty is no number; .*bad\.csv:3: std_delta_len is no number; .*bad\.csv:3: preference is not within/,
  );
  expect(() => readLengthControl(fileOf('index,hardness\n0,1\n', 'other.csv'))).toThrow(
    /no column instruction_difficulty/,
  );
});
