// Merged models against the base with its adapters live, and what a merge refuses or leaves.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { mergeTypes } from '../../src/config/train-schema.js';
import { compareMerged, mergeAdapters, mergedBytes, type MergeJob } from '../../src/engine/merge.js';
import { loadModel } from '../../src/engine/model.js';
import type { Pair } from '../../src/shared/rows.js';
import { randomAdapter } from '../support/random-adapter.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { tinyModel } from '../support/tiny-model.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-merge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string) => path.join(folder, name);

const pairs: Pair[] = Array.from({ length: 3 }, (_, i) => ({
  ...{ id: `p${i}`, instruction: `Say the number ${i} twice`, input: '', response: `${i} and ${i}, that is all.` },
}));

function merge(base: string, adapters: string[], more: Partial<MergeJob> = {}) {
  const given = adapters.map((file) => ({ path: file, scale: 1, sha256: 'of the adapter' }));
  const job = { adapters: given, baseSha256: 'of the base', outPath: inFolder('merged.gguf'), type: 'same', ...more };
  return mergeAdapters({ modelPath: base, device: 'cpu', threads: 1 }, job);
}

function compare(base: string, adapters: { path: string; scale: number }[], mergedPath: string, compared = pairs) {
  return compareMerged({ modelPath: base, device: 'cpu', threads: 1 }, { adapters, mergedPath, pairs: compared });
}

describe('a model that is merged in F32 is the base with its adapters', () => {
  const architectures = [
    { architecture: 'llama' },
    { architecture: 'qwen2', tied: false },
    { architecture: 'qwen3', headDim: 32 },
    { architecture: 'gemma3', headDim: 32, window: 20 },
  ];
  test.each(architectures)('$architecture', async (options) => {
    const base = tinyModel(options);
    const adapter = inFolder(`${options.architecture}.gguf`);
    randomAdapter(adapter, base, { seed: 1, size: 0.3, architecture: options.architecture });
    await merge(base, [adapter]);
    const scores = await compare(base, [{ path: adapter, scale: 1 }], inFolder('merged.gguf'));
    expect(scores.map(({ id }) => id)).toEqual(pairs.map(({ id }) => id));
    for (const { tokens, divergence, loss } of scores) {
      // Keys and values are rounded to F16 here; without that (merge-test.cpp) logits differ by less than 1e-5.
      expect(divergence / tokens).toBeLessThan(1e-6);
      expect(Math.abs(loss.merged - loss.adapter) / tokens).toBeLessThan(1e-3);
      expect(Math.abs(loss.base - loss.adapter) / tokens).toBeGreaterThan(1e-2);
    }
  });

  test('several, each with its scale', async () => {
    const base = tinyModel();
    const files = [1, 2].map((seed) => inFolder(`scaled-${seed}.gguf`));
    files.forEach((file, i) => randomAdapter(file, base, { seed: 100 * i + 1, size: 0.3 }));
    const adapters = files.map((file, i) => ({ path: file, scale: i === 0 ? 0.5 : -2, sha256: `s${i}` }));
    await merge(base, [], { adapters });
    const [right] = await compare(base, adapters, inFolder('merged.gguf'));
    expect(right?.divergence).toBeLessThan(1e-5);
    const [wrong] = await compare(base, [{ path: files[0] as string, scale: 1 }], inFolder('merged.gguf'));
    expect(wrong?.divergence).toBeGreaterThan(1e-2);
  });
});

test('a model compared with itself is at no distance at all, and a long response is compared whole', async () => {
  const base = tinyModel();
  const long = { id: 'long', instruction: 'Count', input: '', response: 'one two '.repeat(40) };
  const scores = await compare(base, [], base, [...pairs, long]);
  expect(scores.map(({ divergence }) => divergence)).toEqual([0, 0, 0, 0]);
  for (const { loss } of scores) expect(loss).toEqual({ base: loss.base, adapter: loss.base, merged: loss.base });
  expect(scores[3]?.tokens).toBeGreaterThan(200);
});

test('the divergence is that of the whole distributions', async () => {
  const base = tinyModel();
  const other = tinyModel({ seed: 2 });
  const [score] = await compare(base, [], other, pairs.slice(0, 1));
  expect(score?.divergence).toBeCloseTo(await divergenceByHand(base, other, pairs[0] as Pair), 3);
});

test('pairs that are longer than the context are left out', async () => {
  const base = tinyModel();
  const overlong = { id: 'overlong', instruction: 'Count', input: '', response: 'x'.repeat(2000) };
  const scores = await compare(base, [], base, [overlong, ...pairs]);
  expect(scores.map(({ id }) => id)).toEqual(['p0', 'p1', 'p2']);
});

test('every type that the settings name can be written, and takes the bytes that are told before', async () => {
  const base = tinyModel({ width: 256, feedForward: 512, layers: 1 });
  const adapter = inFolder('types.gguf');
  randomAdapter(adapter, base, { seed: 1, size: 0.1 });
  for (const type of mergeTypes) {
    const report = await merge(base, [adapter], { type });
    const size = readFileSync(inFolder('merged.gguf')).length;
    expect(report.bytes).toBe(size);
    expect(size - mergedBytes(base, type)).toBeLessThan(64_000);
    const model = await loadModel({ path: inFolder('merged.gguf'), device: 'cpu', threads: 1 });
    await model.dispose();
  }
});

test('a base without a template talks by the one it is given, and ends its turns', async () => {
  const base = tinyModel({ chatTemplate: false });
  const adapter = inFolder('template.gguf');
  randomAdapter(adapter, base, { seed: 1, size: 0.1 });
  await merge(base, [adapter], { chatTemplate: "{{ messages[0].content ~ '!' }}" });
  const merged = await loadModel({ path: inFolder('merged.gguf'), vocabularyOnly: true });
  expect(merged.info.chatTemplate).toBe("{{ messages[0].content ~ '!' }}");
  expect(merged.info.endTokens.length).toBeGreaterThan(0);
  await merged.dispose();
});

test('a disk without room is told with figures before anything is written', async () => {
  const disk = mountSmallDisk(200_000);
  if (disk === undefined) return; // not everybody may mount one
  const base = tinyModel();
  const adapter = inFolder('full-disk.gguf');
  randomAdapter(adapter, base, { seed: 1, size: 0.1 });
  const work = merge(base, [adapter], { outPath: path.join(disk.dir, 'merged.gguf') });
  await expect(work).rejects.toMatchObject({
    code: 'not-enough-disk',
    message: expect.stringMatching(/will have \d+ MiB, and \d+ MiB are free/) as string,
  });
  expect(readdirSync(disk.dir)).toEqual([]);
  disk.remove();
});

test('what is cancelled leaves nothing', async () => {
  // Of many layers: a small model may be merged before the cancelling comes.
  const base = tinyModel({ layers: 150 });
  const adapter = inFolder('cancelled-adapter.gguf');
  randomAdapter(adapter, base, { seed: 1, size: 0.1 });
  const abort = new AbortController();
  const outPath = inFolder('cancelled.gguf');
  const before = merge(base, [adapter], { outPath, signal: AbortSignal.abort() });
  await expect(before).rejects.toMatchObject({ code: 'interrupted' });
  const work = merge(base, [adapter], { outPath, signal: abort.signal, type: 'q6_k' });
  abort.abort();
  await expect(work).rejects.toMatchObject({ code: 'interrupted' });
  expect(readdirSync(folder).filter((name) => name.startsWith('cancelled.gguf'))).toEqual([]);
});

test('a damaged adapter is an error, wherever it is damaged, and leaves nothing', async () => {
  const base = tinyModel({ layers: 1 });
  const whole = inFolder('whole.gguf');
  randomAdapter(whole, base, { seed: 1, size: 0.1 });
  const bytes = readFileSync(whole);
  const broken = inFolder('broken.gguf');
  const outPath = inFolder('of-broken.gguf');
  for (let i = 0; i < 60; i++) {
    const cut = i % 2 === 0;
    const at = Math.floor((bytes.length * (i + 0.5)) / 60);
    // Beyond the header a changed byte is another number, which is no error.
    const spoilt = cut ? bytes.subarray(0, at) : withByte(bytes, (i * 37) % 1500, 0xff);
    writeFileSync(broken, spoilt);
    const work = merge(base, [broken], { outPath });
    if (!cut) await work.catch((error: unknown) => expect(error).toHaveProperty('code'));
    else await expect(work).rejects.toMatchObject({ code: 'bad-input' });
    if (cut) expect(existsSync(outPath)).toBe(false);
    rmSync(outPath, { force: true });
  }
});

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

/** By scores alone: sum over the vocabulary of p (log p - log q) at each token of the response. */
async function divergenceByHand(first: string, second: string, pair: Pair): Promise<number> {
  const rows = await Promise.all([first, second].map((file) => allLogprobs(file, pair)));
  const [p = [], q = []] = rows;
  return p.reduce((sum, value, i) => sum + Math.exp(value) * (value - (q[i] ?? NaN)), 0);
}

async function allLogprobs(file: string, pair: Pair): Promise<number[]> {
  const { loadAddon } = await import('../../src/native/load-addon.js');
  const vocabulary = await loadModel({ path: file, vocabularyOnly: true });
  const messages = [{ role: 'user' as const, content: pair.instruction }];
  const { tokens, context } = vocabulary.exampleTokens({ messages, response: pair.response });
  const native = await loadAddon().loadModel({ path: file, device: 'cpu', vocabularyOnly: false });
  const shape = { sequences: 1, sequenceTokens: 512, batchTokens: 512, microBatchTokens: 512, threads: 1 };
  const runner = await native.createRunner(shape);
  const next = Int32Array.from({ length: native.info.vocabularySize }, (_, token) => token);
  // After all tokens but the last: the distributions of the response's tokens.
  const request = { tokens: tokens.subarray(0, tokens.length - 1), context, next, places: tokens.length - context };
  const [score] = await runner.score([request], () => undefined);
  await native.dispose();
  await vocabulary.dispose();
  return Array.from(score?.nextLogprobs ?? []);
}
