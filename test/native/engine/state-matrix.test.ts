// Every method of the engine's model while it is idle, while it generates, while a trainer trains, and after it is
// disposed: each call does its work, waits for its turn, or says why not; nothing hangs or crashes.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import type { GenerateRequest } from '../../../src/engine/engine.js';
import { loadModel, type Model } from '../../../src/engine/model.js';
import { createTrainer } from '../../../src/engine/trainer.js';
import { tinyModel } from '../../support/tiny-model.js';
import { examples, trainerSettings } from '../../support/training.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-states-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = tinyModel();
const open = () => loadModel({ path: file, device: 'cpu', threads: 1, chatTemplate: 'chatml' });

function request(id: string, maxTokens: number): GenerateRequest {
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  return { id, prompt: { text: 'a' }, maxTokens, stop: [], sampling, seed: 1 };
}

/** Every method, as a call that does little. */
const methods: Readonly<Record<string, (model: Model) => unknown>> = {
  generate: (model) => model.generate([request('a', 2)]),
  score: (model) => model.score([{ id: 'a', prompt: { text: 'a' }, continuation: 'b' }]),
  setAdapter: (model) => model.setAdapter(null),
  promptTokens: (model) => model.promptTokens({ text: 'a' }),
  exampleTokens: (model) => model.exampleTokens({ messages: [{ role: 'user', content: 'a' }], response: 'b' }),
  pieces: (model) => model.pieces([1]),
  dispose: (model) => model.dispose(),
};

/** What becomes of a call: "done", or the error's code. */
async function outcome(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'done';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Generates until it is cancelled or as long as the model's context lasts. */
const startGenerating = (model: Model) => outcome(() => model.generate([request('long', 100_000)]));

function startTraining(): { done: Promise<string>; stop: () => void } {
  const controller = new AbortController();
  const vocabulary = open();
  const done = outcome(async () => {
    const model = await vocabulary;
    const trainer = createTrainer({
      modelPath: file,
      tokenizeExample: (example) => model.exampleTokens(example),
      device: 'cpu',
      threads: 1,
    });
    const job = {
      examples: examples(8),
      heldOut: [],
      settings: { ...trainerSettings, steps: 100_000 },
      adapterPath: path.join(folder, 'adapter.gguf'),
      metadata: {},
      signal: controller.signal,
    };
    const events = trainer.train(job);
    while ((await events.next()).done !== true);
  });
  return { done, stop: () => controller.abort() };
}

describe.each(Object.keys(methods))('%s', (name) => {
  const call = methods[name] as (model: Model) => unknown;

  test('works on an idle model', async () => {
    const model = await open();
    expect(await outcome(() => call(model))).toBe('done');
    await model.dispose();
  });

  test('waits for what generates, or ends it', async () => {
    const model = await open();
    const generating = startGenerating(model);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await outcome(() => call(model))).toBe('done');
    if (name === 'dispose') expect(await generating).toMatch(/^(done|interrupted)$/);
    else expect(await outcome(() => model.dispose())).toBe('done');
    expect(await generating).toMatch(/^(done|interrupted)$/);
  });

  test('made before the model is disposed, does its work or is interrupted', async () => {
    for (const milliseconds of [0, 1, 2, 4, 8]) {
      const model = await open();
      const calls = [startGenerating(model), outcome(() => call(model))];
      if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await model.dispose();
      for (const done of await Promise.all(calls)) expect(done).toMatch(/^(done|interrupted)$/);
    }
  });

  test('works while a trainer trains', async () => {
    const model = await open();
    const training = startTraining();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await outcome(() => call(model))).toBe('done');
    training.stop();
    expect(await training.done).toBe('interrupted');
    await model.dispose();
  });

  test('is refused on a disposed model, or does nothing', async () => {
    const model = await open();
    await model.dispose();
    expect(await outcome(() => call(model))).toBe(name === 'dispose' ? 'done' : 'bad-config');
  });
});
