// Weights that are copied in BF16 for faster products: the same answers within rounding, the same bits whatever shares a
// batch, and a choice that a run keeps.
import { expect, test } from 'vitest';

import { createLlamaEngine } from '../../../src/engine/llama-engine.js';
import { loadModel, type Model } from '../../../src/engine/model.js';
import { realModelPath } from '../../support/models.js';
import { hasPackedProducts } from '../../support/native.js';
import { completed, scored } from '../../support/results.js';

const path = realModelPath();
const text = 'The river rises in the hills, passes two old mills and a bridge of grey stone, and ends in the sea.';

async function withModel<T>(packedBytes: number, work: (model: Model) => Promise<T>): Promise<T> {
  const model = await loadModel({ path, device: 'cpu', threads: 1, packedBytes });
  try {
    return await work(model);
  } finally {
    await model.dispose();
  }
}

test('copies change scores by rounding alone, and none are made where they have no room', async () => {
  const score = async (packedBytes: number) =>
    withModel(packedBytes, async (model) =>
      scored(await model.score([{ id: 'a', prompt: { text: 'Once' }, continuation: text }])),
    );
  const [[none], [small], [copied]] = [await score(0), await score(1000), await score(1e9)];
  expect(small).toEqual(none);
  if (hasPackedProducts()) expect(copied).not.toEqual(none);
  else expect(copied).toEqual(none);
  const { tokens, logprob } = none as { tokens: number; logprob: number };
  expect(Math.abs(((copied as { logprob: number }).logprob - logprob) / tokens)).toBeLessThan(0.02);
});

test('with copies a request has the same bits alone and among others', async () => {
  const sampling = { temperature: 1, topK: 0, topP: 0.95, minP: 0 };
  const requests = ['a', 'b', 'c', 'd', 'e'].map((id, i) => ({
    ...{ id, prompt: { text: text.slice(0, 30 + 9 * i) }, maxTokens: 12, stop: [], sampling, seed: i },
  }));
  await withModel(1e9, async (model) => {
    const together = completed(await model.generate(requests));
    for (const [i, request] of requests.entries()) {
      expect(completed(await model.generate([request]))).toEqual([together[i]]);
    }
  });
});

test('a run keeps what was chosen when it began, but for the threads; one from before there were copies has none', async () => {
  const engine = createLlamaEngine({ model: path, device: 'cpu', threads: 1, packedBytes: 12_345 });
  const chosen = await engine.choose();
  expect(chosen).toMatchObject({ packedBytes: 12_345 });
  const later = createLlamaEngine({ model: path, device: 'cpu', threads: 2, packedBytes: 0 });
  expect(await later.choose(chosen)).toEqual({ ...chosen, threads: 2 });
  const { packedBytes, ...older } = chosen;
  expect(packedBytes).toBe(12_345);
  expect(await later.choose(older)).toEqual({ ...older, threads: 2 });
});
