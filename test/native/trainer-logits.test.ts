// The trainer's own forward pass against llama.cpp's: log-probabilities of every token after a text, without an adapter
// and with the one that a few steps made, loaded from its file. Tiny models are also compared in C++ (logits-test.cpp),
// with llama.cpp's cache in F32; here it runs as it does for users, with its cache in F16 and repacked weights, which
// round otherwise.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { loadAddon } from '../../src/native/load-addon.js';
import type { NativeModel, NativeTrainer } from '../../src/native/addon-types.js';
import { realModelPath } from '../support/models.js';
import { tinyModel } from '../support/tiny-model.js';
import { nativeOptions } from '../support/training.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-logits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ownLogprobs(trainer: NativeTrainer, tokens: Int32Array, vocabularySize: number): Promise<Float64Array> {
  const last = Float64Array.from((await trainer.logits(tokens)).subarray(-vocabularySize));
  const highest = last.reduce((a, b) => Math.max(a, b));
  const logSum = highest + Math.log(last.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
  return last.map((logit) => logit - logSum);
}

async function theirLogprobs(
  model: NativeModel,
  adapterPath: string | null,
  tokens: Int32Array,
): Promise<Float64Array> {
  const shape = { sequences: 1, sequenceTokens: 256, batchTokens: 256, microBatchTokens: 256, threads: 1 };
  const runner = await model.createRunner(shape);
  if (adapterPath !== null) runner.setAdapters([{ adapter: await model.loadAdapter(adapterPath), scale: 1 }]);
  const next = Int32Array.from({ length: model.info.vocabularySize }, (_, i) => i);
  const [score] = await runner.score([{ tokens, context: tokens.length, next }], () => undefined);
  await runner.dispose();
  return score?.nextLogprobs ?? new Float64Array();
}

/** Kullback-Leibler divergence of b from a, in nats. */
function divergence(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.exp(value) * (value - (b[i] ?? NaN)), 0);
}

const steadySettings = { dropout: 0, schedule: 'constant', warmupSteps: 0, learningRate: 1e-2 } as const;

async function compare(modelPath: string, tolerance: number): Promise<void> {
  const model = await loadAddon().loadModel({ path: modelPath, device: 'cpu', vocabularyOnly: false });
  const trainer = await loadAddon().createTrainer(nativeOptions(modelPath, steadySettings));
  const [tokens] = model.tokenize(
    ['The small river runs through a green valley, and in the evening the people'],
    false,
  );
  if (!tokens) throw new Error('no tokens');
  const size = model.info.vocabularySize;
  const base = await ownLogprobs(trainer, tokens, size);
  expect(divergence(base, await theirLogprobs(model, null, tokens))).toBeLessThan(tolerance);

  const reversed = { tokens: Int32Array.from(tokens).reverse(), context: 2 };
  for (let i = 0; i < 3; i++) await trainer.step([reversed]);
  const adapterPath = path.join(folder, `${path.basename(modelPath)}.adapter.gguf`);
  await trainer.saveAdapter(adapterPath, { 'isheep.run': 'test' }, false);
  const trained = await ownLogprobs(trainer, tokens, size);
  expect(trained).not.toEqual(base); // by how much: logits-test.cpp
  expect(divergence(trained, await theirLogprobs(model, adapterPath, tokens))).toBeLessThan(tolerance);
  await trainer.dispose();
  await model.dispose();
}

test.each(['f32', 'f16', 'bf16', 'q8_0', 'q4_0', 'q4_1', 'q4_K', 'q6_K'])(
  'agrees with llama.cpp for %s',
  async (type) => {
    await compare(tinyModel({ type }), type === 'f32' ? 1e-5 : 0.01);
  },
);

test('agrees with llama.cpp on the real model', async () => {
  await compare(realModelPath(), 0.01);
});
