import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { knownModel, knownModelSchema, resolveModel, weightsFolder } from '../../../src/engine/known-models.js';
import { nearestWord } from '../../../src/shared/nearest-word.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const chosen = process.env.ISHEEP_MODELS_DIR;
let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
  process.env.ISHEEP_MODELS_DIR = folder;
});
afterEach(() => {
  if (chosen === undefined) delete process.env.ISHEEP_MODELS_DIR;
  else process.env.ISHEEP_MODELS_DIR = chosen;
});

test('a known name is the file in the folder that ISHEEP_MODELS_DIR names', () => {
  expect(weightsFolder()).toBe(folder);
  const file = path.join(folder, 'smollm2-135m-instruct.gguf');
  expect(() => resolveModel('smollm2-135m-instruct')).toThrow(
    expect.objectContaining({
      code: 'model-not-found',
      message: `the model smollm2-135m-instruct is not on this machine: ${file} does not exist`,
      hint: 'fetch it: isheep fetch smollm2-135m-instruct',
    }),
  );
  writeFileSync(file, '');
  expect(resolveModel('smollm2-135m-instruct')).toBe(file);
});

test('without ISHEEP_MODELS_DIR a clone keeps weights in models/weights', () => {
  delete process.env.ISHEEP_MODELS_DIR;
  expect(weightsFolder()).toMatch(/models.weights$/);
});

test('a path is the file itself', () => {
  const file = path.join(folder, 'own.gguf');
  writeFileSync(file, '');
  expect(resolveModel(file)).toBe(file);
  expect(resolveModel(path.relative(process.cwd(), file))).toBe(file);
});

test('a path without a file, or to a folder, is told as such', () => {
  const file = path.join(folder, 'own.gguf');
  expect(() => resolveModel(file)).toThrow(`the model file ${file} does not exist`);
  mkdirSync(file);
  expect(() => resolveModel(file)).toThrow(`the model file ${file} is a folder, not a GGUF file`);
});

test('a misspelled name meets the right one, any other the list', () => {
  expect(() => knownModel('smolm2-135-instruct')).toThrow(
    expect.objectContaining({
      message: 'no model is known by the name "smolm2-135-instruct"',
      hint: 'did you mean smollm2-135m-instruct?',
    }),
  );
  expect(() => knownModel('gpt-5')).toThrow(
    expect.objectContaining({ hint: 'known are gemma3-270m, smollm2-135m-instruct; or give the path of a GGUF file' }),
  );
});

test.each([
  ['an unknown key', { typo: 1 }],
  ['a file outside its folder', { file: '../a.gguf' }],
  ['a sha256 that is none', { sha256: 'abc' }],
  ['no source', { sources: [] }],
  [
    'a package name with options in it',
    { sources: [{ kind: 'python-package', package: 'a -i x', version: '1', member: 'm' }] },
  ],
  ['a single part', { sources: [{ kind: 'python-packages', parts: [{ package: 'a', version: '1', member: 'm' }] }] }],
  [
    'a package name that starts as an option',
    { sources: [{ kind: 'python-package', package: '-r', version: '1', member: 'm' }] },
  ],
])('the description of a model is refused with %s', (_, change) => {
  const good = knownModel('smollm2-135m-instruct');
  expect(knownModelSchema.safeParse(good).success).toBe(true);
  expect(knownModelSchema.safeParse({ ...good, ...change }).success).toBe(false);
});

test('the nearest word differs in at most a third of its letters', () => {
  expect(nearestWord('learnig-rate', ['learning-rate', 'rank'])).toBe('learning-rate');
  expect(nearestWord('Rank', ['learning-rate', 'rank'])).toBe('rank');
  expect(nearestWord('zzz', ['learning-rate', 'rank'])).toBeUndefined();
  expect(nearestWord('a', [])).toBeUndefined();
});
