import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { doctor, type Finding } from '../../src/engine/doctor.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const before = { ...process.env };
let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
  process.env.ISHEEP_MODELS_DIR = folder;
});
afterEach(() => {
  process.env = { ...before };
});

async function finding(start: string): Promise<Finding | undefined> {
  const findings = await doctor();
  return findings.find(({ name }) => name.startsWith(start));
}

test('the versions, the machine, the libraries in use and the room on the disk are told', async () => {
  const findings = await doctor();
  const names = findings.map(({ name }) => name);
  for (const name of [
    'isheep',
    'node',
    'processor',
    'memory',
    'llama.cpp',
    'variant',
    'CPU library',
    'products on the CPU',
    'device CPU',
    'disk',
  ]) {
    expect(names).toContain(name);
  }
  expect(findings.every(({ value }) => value !== '')).toBe(true);
});

test('a model that is not fetched comes with the command that fetches it', async () => {
  expect(await finding('model smollm2')).toEqual({
    name: 'model smollm2-135m-instruct',
    ok: true,
    value: 'not fetched (0.10 GB)',
    hint: 'isheep fetch smollm2-135m-instruct',
  });
});

test('a model file of another size is a fault', async () => {
  const file = path.join(folder, 'smollm2-135m-instruct.gguf');
  writeFileSync(file, 'short');
  expect(await finding('model smollm2')).toMatchObject({ ok: false, value: `${file} has 5 bytes instead of 98362432` });
});

test('what fails is a finding of its own, and the others stand', async () => {
  process.env.ISHEEP_VARIANT = 'rocm';
  expect(await finding('libraries')).toMatchObject({ ok: false, value: 'the variant "rocm" is not built here' });
  expect(await finding('memory')).toMatchObject({ ok: true });
});

test('a folder for models that does not exist yet is no fault', async () => {
  process.env.ISHEEP_MODELS_DIR = path.join(folder, 'not', 'yet');
  expect(await finding('disk')).toMatchObject({ ok: true });
  mkdirSync(path.join(folder, 'not'));
  expect(await finding('disk')).toMatchObject({ ok: true });
});
