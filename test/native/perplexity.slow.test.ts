// The perplexity of a text of ours by `score`'s engine against llama.cpp's own program, built from the bundle.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { buildPeers } from '../../scripts/build-peers.mjs';
import { realModelPath } from '../support/models.js';
import { createSmallRunner, loadRealModel, nothing } from '../support/native.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = path.resolve(import.meta.dirname, '../..');
const window = 512;

test('perplexity is what llama-perplexity says', async () => {
  const docs = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const text = docs
    .map((name) => readFileSync(path.join(root, 'docs', name), 'utf8'))
    .join('\n')
    .slice(0, 40_000);
  const file = path.join(temporaryFolder(), 'text.txt');
  writeFileSync(file, text);
  const program = path.join(buildPeers(), 'llama-perplexity');
  const sizes = ['-c', String(window), '-b', String(window)];
  // Without the last of them this release ends with an illegal instruction in its own kernel for AMX.
  const words = ['-m', realModelPath(), '-f', file, ...sizes, '-t', '1', '-ngl', '0', '--no-repack'];
  const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const theirs = Number(/Final estimate: PPL = ([\d.]+)/.exec(stdout + stderr)?.[1]);

  // Its rule: windows one after the other, and in each the tokens after its first half and one.
  const model = await loadRealModel();
  const tokens = model.tokenize([text], false)[0] as Int32Array;
  const windows = Array.from({ length: Math.floor(tokens.length / window) }, (_, i) => {
    const part = tokens.slice(i * window, (i + 1) * window);
    return { tokens: part, context: window / 2 + 1, next: new Int32Array() };
  });
  const shape = { sequences: 1, sequenceTokens: window, batchTokens: window, microBatchTokens: window };
  const runner = await createSmallRunner(model, shape);
  const scores = await runner.score(windows, nothing);
  await model.dispose();
  const logprobs = scores.flatMap((score) => [...score.logprobs]);
  const ours = Math.exp(-logprobs.reduce((total, value) => total + value, 0) / logprobs.length);
  expect(windows.length).toBeGreaterThan(10);
  expect(Math.abs(Math.log(ours / theirs))).toBeLessThan(2e-3);
});
