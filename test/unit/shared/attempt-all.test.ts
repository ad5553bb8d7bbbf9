import { expect, it } from 'vitest';

import { attemptAll } from '../../../src/shared/attempt-all.js';
import { IsheepError } from '../../../src/shared/errors.js';

const failing = (code: 'bad-input' | 'model-not-found', message: string, hint?: string) => (): never => {
  throw new IsheepError(code, message, hint === undefined ? {} : { hint });
};

it('gives what each of them gives', () => {
  expect(
    attemptAll(
      () => 1,
      () => 'two',
    ),
  ).toEqual([1, 'two']);
});

it('tells all that is wrong at once, each thing and each hint a single time, by their code where it is one', () => {
  const attempt = () =>
    attemptAll(
      failing('model-not-found', 'no model', 'fetch it'),
      () => attemptAll(failing('bad-input', 'no seeds', 'name a file'), failing('bad-input', 'no documents')),
      failing('bad-input', 'no topics', 'name a file'),
      failing('model-not-found', 'no model', 'fetch it'),
    );
  expect(attempt).toThrow(
    expect.objectContaining({
      code: 'bad-input',
      message: 'no model\nno seeds\nno documents\nno topics',
      hint: 'fetch it; name a file',
    }),
  );
  const missing = failing('model-not-found', 'no model');
  expect(() => attemptAll(missing, failing('model-not-found', 'no judge'))).toThrow(
    expect.objectContaining({ code: 'model-not-found', message: 'no model\nno judge' }),
  );
});

it('lets through what is no error of a person', () => {
  const broken = () => {
    throw new TypeError('a defect');
  };
  expect(() => attemptAll(failing('bad-input', 'no seeds'), broken)).toThrow(TypeError);
});
