// Files of random weights as the benchmark train-shape writes them: the same types as llama.cpp's own quantizer gives,
// numbers of the size that they should have, and llama.cpp runs them.
import { statSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { modelBytes, writeRandomModel } from '../../src/bench/random-model.js';
import { fewLayers, type Shape, wholeLayers } from '../../src/bench/shapes.js';
import { requantize } from '../../src/engine/requantize.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { readFloatTensors, readTensorInfos } from '../support/gguf-reader.js';
import { createSmallRunner, nothing } from '../support/native.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { tinyModel, type TinyModelOptions } from '../support/tiny-model.js';

const tiny: Shape = {
  ...{ architecture: 'llama', layers: 22, width: 256, feedForward: 512, heads: 4, kvHeads: 2 },
  ...{ vocabulary: 320, tiedOutput: false, ropeBase: 10000 },
};
const shapes: Record<string, Shape> = {
  llama: tiny,
  'qwen2, tied': { ...tiny, architecture: 'qwen2', layers: 28, tiedOutput: true },
  'rows that 256 does not divide': { ...tiny, layers: 30, width: 64, feedForward: 96 },
  'the same, tied': { ...tiny, layers: 36, width: 64, feedForward: 96, tiedOutput: true },
};

describe.each(Object.entries(shapes))('%s', (_, shape) => {
  test('has the tensors and types that llama.cpp gives in Q4_K_M', async () => {
    const folder = temporaryFolder();
    const [quantized, written] = ['quantized.gguf', 'written.gguf'].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    const { layers, width, feedForward, architecture, tiedOutput: tied } = shape;
    const options: TinyModelOptions = { layers, width, feedForward, architecture, tied };
    await requantize({ input: tinyModel(options), output: quantized, type: 'q4_k_m', threads: 1 });
    writeRandomModel(written, shape, wholeLayers(shape));
    expect(readTensorInfos(written)).toEqual(readTensorInfos(quantized));
    expect(statSync(written).size).toBe(modelBytes(shape, wholeLayers(shape)));
  });

  test('has weights that keep the size of what they multiply', async () => {
    const folder = temporaryFolder();
    const [written, floats] = ['written.gguf', 'floats.gguf'].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    writeRandomModel(written, shape, fewLayers(2));
    await requantize({ input: written, output: floats, type: 'f32', threads: 1 });
    const infos = readTensorInfos(written);
    for (const [name, values] of readFloatTensors(floats)) {
      const {
        shape: [n_in = 0, n_out],
      } = infos.get(name) as { shape: number[] };
      if (n_out === undefined) {
        expect(new Set(values)).toEqual(new Set([name.endsWith('.bias') ? 0 : 1]));
        continue;
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      expect(Math.abs(mean) * Math.sqrt(n_in), `mean of ${name}`).toBeLessThan(0.1);
      expect(square * n_in, `variance of ${name}`).toBeCloseTo(1, 0.7);
    }
  });
});

test('llama.cpp runs such a model, and knows as little as a random one should', async () => {
  const file = path.join(temporaryFolder(), 'model.gguf');
  writeRandomModel(file, { ...tiny, vocabulary: 5000 }, fewLayers(2));
  const model = await loadAddon().loadModel({ path: file, device: 'cpu', vocabularyOnly: false });
  const runner = await createSmallRunner(model);
  const tokens = Int32Array.from({ length: 100 }, (_, i) => (i * 1237) % 5000);
  const [score] = await runner.score([{ tokens, context: 1, next: new Int32Array() }], nothing);
  await model.dispose();
  const logprobs = [...(score?.logprobs ?? [])];
  const loss = -logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
  expect(logprobs).toHaveLength(99);
  // Logits of deviation 1 add 0.5 to the loss of a model that gives each token the same.
  expect(loss).toBeGreaterThan(Math.log(5000));
  expect(loss).toBeLessThan(Math.log(5000) + 1.5);
});
