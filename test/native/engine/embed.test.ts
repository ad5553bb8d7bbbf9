// Vectors of texts from the façade over the real model.
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Embedded, isFailed } from '../../../src/engine/engine.js';
import { loadModel, type Model } from '../../../src/engine/model.js';
import { realModelPath } from '../../support/models.js';
import { randomAdapter } from '../../support/random-adapter.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { tinyModel } from '../../support/tiny-model.js';

let model: Model;

beforeAll(async () => {
  model = await loadModel({ path: realModelPath(), device: 'cpu', threads: 1, batch: { parallel: 4 } });
});

afterAll(async () => {
  await model.dispose();
});

const raw = (text: string) => ({ id: text, prompt: { text } });

function vectorOf(result: Embedded | undefined): Float32Array {
  if (result === undefined || isFailed(result)) throw new Error(`no vector: ${JSON.stringify(result)}`);
  return result.vector;
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}

test('texts about one thing are nearer to each other than to others; vectors have length 1', async () => {
  const texts = ['How do I bake bread?', 'A recipe for a loaf of bread', 'Join two tables in an SQL query'];
  const results = await model.embed(texts.map(raw));
  const [bread, loaf, query] = results.map(vectorOf) as [Float32Array, Float32Array, Float32Array];
  expect(results.map(({ id }) => id)).toEqual(texts);
  expect(bread).toHaveLength(model.info.embeddingLength);
  expect(cosine(bread, bread)).toBeCloseTo(1, 6);
  expect(cosine(bread, loaf)).toBeGreaterThan(cosine(bread, query) + 0.05);
});

test('a call has the same bits again, also after generating and scoring, and says how far it is', async () => {
  const requests = ['One', 'Two words', 'Three more words', '', 'And a sentence that is longer than these.'].map(raw);
  const done: number[] = [];
  const first = await model.embed(requests, { onProgress: (progress) => done.push(progress.done) });
  expect(done).toEqual([1, 2, 3, 4, 5]);
  await model.score([{ id: 'a', prompt: { text: 'Hi' }, continuation: ' there' }]);
  expect(await model.embed(requests)).toEqual(first);
  const [alone] = await model.embed(requests.slice(2, 3));
  expect(cosine(vectorOf(alone), vectorOf(first[2]))).toBeCloseTo(1, 6);
});

test('an adapter applies until it is taken off', async () => {
  const base = tinyModel();
  const adapter = path.join(temporaryFolder(), 'adapter.gguf');
  randomAdapter(adapter, base, { seed: 1, size: 1 });
  const tiny = await loadModel({ path: base, device: 'cpu', threads: 1 });
  const vector = async () => vectorOf((await tiny.embed([raw('a b c')]))[0]);
  const before = await vector();
  await expect(tiny.setAdapter('/nowhere/adapter.gguf')).rejects.toMatchObject({ code: 'model-not-found' });
  expect(await vector()).toEqual(before);
  await tiny.setAdapter(adapter);
  expect(cosine(await vector(), before)).toBeLessThan(0.999);
  await tiny.setAdapter(null);
  expect(await vector()).toEqual(before);
  await tiny.dispose();
});

test('a text behind the context is cut, and the tokens are counted', async () => {
  const tiny = await loadModel({ path: tinyModel({ context: 64 }), device: 'cpu', threads: 1 });
  const text = 'a b c d e f '.repeat(30);
  const tokens = tiny.promptTokens({ text }).length;
  const [cut, whole] = await tiny.embed([raw(text), raw('a b c')]);
  expect(cut).toMatchObject({ cutTokens: tokens - 64 });
  expect(whole).toMatchObject({ cutTokens: 0 });
  await tiny.dispose();
});

test('a signal ends a call', async () => {
  const controller = new AbortController();
  const call = model.embed([raw('word '.repeat(4000))], { signal: controller.signal });
  setTimeout(() => controller.abort(), 200);
  await expect(call).rejects.toMatchObject({ code: 'interrupted' });
});
