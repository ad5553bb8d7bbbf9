// Models written again with other types: they load, are as small or large as their type says, and never half there.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { loadModel } from '../../src/engine/model.js';
import { requantize } from '../../src/engine/requantize.js';
import { tinyModel } from '../support/tiny-model.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-requantize-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function sizeOf(file: string): Promise<number> {
  const model = await loadModel({ path: file, vocabularyOnly: true });
  await model.dispose();
  return readFileSync(file).length;
}

test('each type takes as many bits as it should, from floats and from quantized numbers', async () => {
  const input = tinyModel({ width: 256, feedForward: 512 });
  const float = await sizeOf(input);
  const q8 = path.join(folder, 'q8_0.gguf');
  await requantize({ input, output: q8, type: 'q8_0', threads: 1 });
  expect((await sizeOf(q8)) / float).toBeCloseTo(8.5 / 32, 1);
  const q4 = path.join(folder, 'q4_0.gguf');
  await requantize({ input: q8, output: q4, type: 'q4_0', pure: true, threads: 1 });
  expect((await sizeOf(q4)) / float).toBeCloseTo(4.5 / 32, 1);
  const again = path.join(folder, 'f32.gguf');
  await requantize({ input: q8, output: again, type: 'f32', threads: 1 });
  expect((await sizeOf(again)) / float).toBeCloseTo(1, 2);
});

test('the same input gives the same bytes', async () => {
  const [first, second] = ['a.gguf', 'b.gguf'].map((name) => path.join(folder, name)) as [string, string];
  for (const output of [first, second]) await requantize({ input: tinyModel(), output, type: 'q4_k_m', threads: 1 });
  expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
});

test('what cannot be done is refused by name and leaves nothing', async () => {
  const output = path.join(folder, 'refused.gguf');
  const broken = path.join(folder, 'broken.gguf');
  writeFileSync(broken, readFileSync(tinyModel()).subarray(0, 20_000));
  const input = tinyModel();
  await expect(requantize({ input, output, type: 'q9' })).rejects.toMatchObject({
    code: 'bad-config',
    message: '"q9" is not a type that a model can be written in',
    hint: expect.stringContaining('q8_0') as string,
  });
  await expect(requantize({ input, output: input, type: 'q8_0' })).rejects.toThrow('is the input and the output');
  await expect(requantize({ input: broken, output, type: 'q8_0' })).rejects.toMatchObject({ code: 'bad-input' });
  const missing = path.join(folder, 'missing', 'out.gguf');
  await expect(requantize({ input, output: missing, type: 'q8_0' })).rejects.toThrow('does not exist');
  await expect(requantize({ input, output, type: 'q8_0', threads: -1 })).rejects.toThrow('threads must be');
  await expect(
    requantize({ input: tinyModel({ architecture: 'unheard-of' }), output, type: 'q8_0' }),
  ).rejects.toMatchObject({ code: 'native-failure', message: expect.stringContaining('could not write') as string });
  expect(existsSync(output)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
