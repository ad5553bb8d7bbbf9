// llama.cpp's own finetune behind our data, log and errors, on tiny float models.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import {
  type FullTrainEvent,
  type FullTrainJob,
  type FullTrainSummary,
  trainInFull,
} from '../../src/engine/full-trainer.js';
import { loadModel } from '../../src/engine/model.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { readFloatTensors } from '../support/gguf-reader.js';
import { completed } from '../support/results.js';
import { tinyModel } from '../support/tiny-model.js';
import { examples } from '../support/training.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-full-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = {
  ...{ maxLength: 256, microBatchTokens: 400, epochs: 3, learningRate: 3e-3, schedule: 'cosine' as const },
  ...{ warmupSteps: 1, weightDecay: 0.01, seed: 1 },
};

let count = 0;
function job(more: Partial<FullTrainJob> = {}): FullTrainJob {
  const outPath = path.join(folder, `trained-${count++}.gguf`);
  return { examples: examples(14), heldOut: examples(7, 50), settings, outPath, ...more };
}

async function run(
  one: FullTrainJob,
  model = tinyModel({ tied: false }),
): Promise<{ events: FullTrainEvent[]; summary: FullTrainSummary }> {
  const events: FullTrainEvent[] = [];
  const training = trainInFull({ model, device: 'cpu', threads: 1 }, one);
  for (;;) {
    const next = await training.next();
    if (next.done === true) return { events, summary: next.value };
    events.push(next.value);
  }
}

test('the loss falls, held out too, and the file is the same model with other numbers', async () => {
  const base = tinyModel({ tied: false });
  const one = job();
  const { events, summary } = await run(one, base);
  const steps = events.filter((event) => event.kind === 'step');
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: summary.steps }, (_, i) => i + 1));
  expect(steps[0]).toMatchObject({ lr: 0, tokens: 256, loss_tokens: 256, grad_norm: null });
  expect(summary.steps).toBe(3 * summary.blocks);
  expect(steps.at(-1)?.loss).toBeLessThan(0.9 * (steps[0]?.loss ?? 0));
  expect(summary.heldOutLossTrained).toBeLessThan(summary.heldOutLossBase ?? 0);

  const models = await Promise.all(
    [base, one.outPath].map((file) => loadModel({ path: file, device: 'cpu', threads: 1 })),
  );
  expect(models[1]?.info).toEqual(models[0]?.info);
  const request = { id: 'a', prompt: { text: 'What' }, maxTokens: 8, stop: [], seed: 1 };
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
  const written = await Promise.all(
    models.map(async (model) => completed(await model.generate([{ ...request, sampling }]))),
  );
  expect(written[1]?.[0]?.tokens).toBeGreaterThan(0);
  expect(written[1]?.[0]?.text).not.toBe(written[0]?.[0]?.text);
  await Promise.all(models.map((model) => model.dispose()));
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('of pairs that want their beginnings trained on the rest is no part of the text', async () => {
  const blocksOf = async (more: object) => {
    const some = examples(60).map((example) => ({ ...example, ...more }));
    return (await run(job({ examples: some, heldOut: [], settings: { ...settings, epochs: 0.01 } }))).summary.blocks;
  };
  expect(await blocksOf({ trainedTokens: 1 })).toBeLessThan(await blocksOf({}));
});

test('a model of many layers finds room for its graph', async () => {
  const one = job({ heldOut: [], settings: { ...settings, epochs: 0.01 } });
  const { summary } = await run(one, tinyModel({ layers: 40 }));
  expect(summary.steps).toBe(1);
  expect(existsSync(one.outPath)).toBe(true);
});

// Upstream's limits, which docs/cli.md and the header state. Where one of them falls, the documents must say so.
test('upstream trains neither the embedding nor k and v', async () => {
  const base = tinyModel({ tied: false });
  const one = job();
  await run(one, base);
  const [before, after] = [readFloatTensors(base), readFloatTensors(one.outPath)];
  expect([...after.keys()]).toEqual([...before.keys()]);
  const same = [...before].filter(([name, values]) => values.every((value, i) => value === after.get(name)?.[i]));
  expect(same.map(([name]) => name).sort()).toEqual(
    [0, 1].flatMap((layer) => [`blk.${layer}.attn_k.weight`, `blk.${layer}.attn_v.weight`]).concat('token_embd.weight'),
  );
});

test('the same seed gives the same bytes; micro-batches divide a block', async () => {
  const short = { ...settings, epochs: 1 };
  const [first, second] = [job({ settings: short }), job({ settings: short })];
  for (const one of [first, second]) await run(one);
  expect(readFileSync(first.outPath).equals(readFileSync(second.outPath))).toBe(true);
  const divided = await run(job({ heldOut: [], settings: { ...short, microBatchTokens: 200 } }));
  expect(divided.summary).toMatchObject({ heldOutLossBase: null, heldOutLossTrained: null });
  for (const event of divided.events) expect(event.kind === 'step' && event.loss).toBeLessThan(10);
});

test.each(['llama', 'qwen2', 'qwen3'])('%s trains', async (architecture) => {
  const { events } = await run(job({ settings: { ...settings, epochs: 1 } }), tinyModel({ architecture }));
  const steps = events.filter((event) => event.kind === 'step');
  expect(steps.at(-1)?.loss).toBeLessThan(steps[0]?.loss ?? 0);
});

describe('what cannot be trained is refused before', () => {
  test.each([
    [{ type: 'q8_0' }, 'unsupported-model', 'is q8_0, and llama.cpp trains F32 alone'],
    [{ type: 'f16' }, 'unsupported-model', 'is f16, and llama.cpp trains F32 alone'],
    [{ architecture: 'gemma3' }, 'unsupported-model', 'has the architecture "gemma3", which llama.cpp cannot train'],
  ])('%j', async (options, code, message) => {
    const one = job();
    await expect(run(one, tinyModel(options))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
    expect(existsSync(one.outPath)).toBe(false);
  });

  test('too little text, blocks of a wrong size, and too much memory', async () => {
    await expect(run(job({ examples: examples(2) }))).rejects.toMatchObject({
      code: 'nothing-usable',
      message: expect.stringMatching(/^the pairs have \d+ tokens in all, and a block needs 257$/) as string,
      hint: 'give more pairs, or hold none out with --validation 0', // there is no shorter block
    });
    await expect(run(job({ settings: { ...settings, maxLength: 300, weightDecay: 2 } }))).rejects.toThrow(
      'the maximum length must be a multiple of 256; it is 300; with --method full the weight decay must be from 0 to 1; it is 2',
    );
    const native = {
      ...{ modelPath: tinyModel(), device: 'cpu', threads: 1, blockTokens: 2 ** 24, microBatchTokens: 2 ** 24 },
      ...{ learningRate: 1e-3, schedule: 'constant' as const, warmupSteps: 0, totalSteps: 1, weightDecay: 0 },
      ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, freeHostBytes: 5 * 2 ** 20 },
    };
    await expect(loadAddon().createFullTrainer(native)).rejects.toMatchObject({
      code: 'not-enough-memory',
      message: expect.stringMatching(/needs about \d+ MiB, and 5 MiB are free/) as string,
    });
  });

  test('the model itself is no place for the trained one', async () => {
    const outPath = tinyModel({ tied: false });
    await expect(run(job({ outPath }))).rejects.toMatchObject({
      code: 'bad-config',
      message: `${outPath} is the model itself, which would be replaced`,
    });
  });

  test('an interruption keeps nothing and says so', async () => {
    const controller = new AbortController();
    controller.abort();
    const one = job({ signal: controller.signal });
    await expect(run(one)).rejects.toMatchObject({ code: 'interrupted' });
    expect(existsSync(one.outPath)).toBe(false);
  });
});
