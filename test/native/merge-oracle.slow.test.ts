// Merged tensors against those of llama.cpp's own llama-export-lora, built from the bundle. It writes what an adapter changes
// in F16, and so do we with the type f16.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { buildExportLora } from '../../scripts/build-peers.mjs';
import { mergeAdapters } from '../../src/engine/merge.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { readHalfTensors, readTensorInfos } from '../support/gguf-reader.js';
import { randomAdapter } from '../support/random-adapter.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { tinyModel } from '../support/tiny-model.js';
import { nativeOptions } from '../support/training.js';

describe.each(['f16', 'q8_0', 'q4_K'])('a base in %s', (type) => {
  const base = tinyModel({ type });

  test('with an adapter whose sums are exact: the same bits', async () => {
    const adapter = path.join(temporaryFolder(), 'whole.gguf');
    randomAdapter(adapter, base, { seed: 1, size: 2 ** -4, whole: true });
    expect(await largestDifference(base, adapter)).toBe(0);
  });

  test('with one of random numbers: the last bit of a half float at most', async () => {
    const adapter = path.join(temporaryFolder(), 'random.gguf');
    randomAdapter(adapter, base, { seed: 1, size: 0.3 });
    expect(await largestDifference(base, adapter)).toBeLessThanOrEqual(2 ** -10);
  });

  test('with one that our trainer made', async () => {
    const adapter = path.join(temporaryFolder(), 'trained.gguf');
    const settings = { dropout: 0, schedule: 'constant', warmupSteps: 0, learningRate: 1e-2 } as const;
    const trainer = await loadAddon().createTrainer(nativeOptions(base, settings));
    const tokens = Int32Array.from({ length: 40 }, (_, i) => (i * 37) % 300);
    for (let i = 0; i < 3; i++) await trainer.step([{ tokens, context: 2 }]);
    await trainer.saveAdapter(adapter, {}, false);
    await trainer.dispose();
    expect(await largestDifference(base, adapter)).toBeLessThanOrEqual(2 ** -10);
  });
});

/** Relative, over all numbers of the tensors that the adapter changes; at zero, absolute. */
async function largestDifference(base: string, adapter: string): Promise<number> {
  const folder = temporaryFolder();
  const [theirs, ours] = ['theirs.gguf', 'ours.gguf'].map((name) => path.join(folder, name)) as [string, string];
  const program = path.join(buildExportLora() as string, 'llama-export-lora');
  execFileSync(program, ['-m', base, '--lora', adapter, '-o', theirs, '-t', '1'], { stdio: 'ignore' });
  const adapters = [{ path: adapter, scale: 1, sha256: '' }];
  const job = { adapters, baseSha256: '', outPath: ours, type: 'f16' };
  await mergeAdapters({ modelPath: base, device: 'cpu', threads: 1 }, job);
  const [expected, found] = [readHalfTensors(theirs), readHalfTensors(ours)];
  const changed = new Set([...readTensorInfos(adapter).keys()].map((name) => name.replace(/\.lora_[ab]$/, '')));
  expect(changed.size).toBe(14);
  let largest = 0;
  for (const name of changed) {
    const [a, b] = [expected.get(name), found.get(name)];
    expect(a?.length).toBe(b?.length);
    a?.forEach((value, i) => {
      const difference = Math.abs(value - (b?.[i] ?? NaN));
      largest = Math.max(largest, difference === 0 ? 0 : difference / Math.max(Math.abs(value), 2 ** -14));
    });
  }
  return largest;
}
