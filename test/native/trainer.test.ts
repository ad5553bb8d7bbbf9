// The trainer's façade and its native class on tiny models: results, resume, errors, disposal.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import type { TrainEvent, TrainJob } from '../../src/engine/engine.js';
import { createTrainer } from '../../src/engine/trainer.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { tinyModel } from '../support/tiny-model.js';
import { examples, finish, nativeOptions, tokenizeBytes, trainerSettings } from '../support/training.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-trainer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function job(more: Partial<TrainJob> = {}): TrainJob {
  const adapterPath = path.join(folder, `adapter-${count++}.gguf`);
  return {
    examples: examples(10),
    heldOut: examples(3, 50),
    settings: trainerSettings,
    adapterPath,
    metadata: {},
    ...more,
  };
}
function trainer(modelPath = tinyModel({ type: 'q8_0' })) {
  return createTrainer({ modelPath, tokenizeExample: tokenizeBytes, threads: 1 });
}
/** Takes events up to that of the step, and leaves the training as it is. */
async function takeUntil(events: AsyncGenerator<TrainEvent, unknown>, step: number): Promise<void> {
  for (;;) {
    const { value } = (await events.next()) as { value: TrainEvent };
    if (value.kind === 'step' && value.step === step) return;
  }
}
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('a whole training', () => {
  test('yields its steps and the held-out loss, which falls, and writes the adapter', async () => {
    const settings = { ...trainerSettings, epochs: 10, learningRate: 5e-3, dropout: 0 };
    const { events, summary } = await finish(trainer().train(job({ settings })));
    const steps = events.filter((event) => event.kind === 'step');
    const heldOut = events.filter((event) => event.kind === 'held-out');
    expect(steps).toHaveLength(30);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(steps.at(-1)?.epoch).toBe(10);
    expect(heldOut.map(({ step }) => step)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
    expect(steps.at(-1)?.loss).toBeLessThan(0.5 * (steps[0]?.loss ?? 0));
    expect(summary).toMatchObject({ samples: 10, tooLong: 0, cut: 0, steps: 30 });
    expect(summary.tokens).toBe(steps.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(summary.lossTokens).toBe(steps.reduce((sum, { loss_tokens }) => sum + loss_tokens, 0));
    expect(summary.heldOutLossAdapter).toBeLessThan(summary.heldOutLossBase ?? 0);
  });

  test('gives the same bytes again, and others for another seed', async () => {
    const jobs = [job(), job(), job({ settings: { ...trainerSettings, seed: 2 } })];
    for (const one of jobs) await finish(trainer().train(one));
    const hashes = jobs.map(({ adapterPath }) => hash(adapterPath));
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  test('can be stopped while it measures the held-out loss, and tells how far that is', async () => {
    const events = trainer().train(job({ heldOut: examples(19, 50) }));
    const measured: [number, number][] = [];
    for (let value = (await events.next()).value; 'kind' in value && value.kind !== 'held-out';) {
      if (value.kind === 'measuring') measured.push([value.done, value.of]);
      value = (await events.next()).value;
    }
    expect(measured).toEqual([
      [0, 19],
      [8, 19],
      [16, 19],
    ]);
    await events.return(undefined as never);
  });

  test('without held-out examples has no held-out loss', async () => {
    const { events, summary } = await finish(trainer().train(job({ heldOut: [] })));
    expect(events.some(({ kind }) => kind === 'held-out')).toBe(false);
    expect(summary).toMatchObject({ heldOutLossBase: null, heldOutLossAdapter: null });
  });
});

describe('a training that is stopped', () => {
  test('continues to the same bytes, with the steps that are missing, wherever its events are no longer taken', async () => {
    const undisturbed = job();
    const whole = await finish(trainer().train(undisturbed));
    for (let taken = 1; taken < whole.events.length; taken++) {
      const checkpointDir = path.join(folder, `stopped-${taken}`);
      const stopped = job({ checkpointDir });
      const events = trainer().train(stopped);
      for (let i = 0; i < taken; i++) await events.next();
      await events.return(undefined as never);
      const rest = await finish(trainer().train(stopped));
      const lasting = (all: readonly TrainEvent[]) =>
        all.flatMap((event) => (event.kind === 'measuring' ? [] : [{ ...event, seconds: 0, memory: undefined }]));
      // Nothing is kept before the first step.
      const isKept = whole.events.slice(0, taken).some(({ kind }) => kind === 'step');
      const missing = isKept ? [whole.events[0] as TrainEvent, ...whole.events.slice(taken)] : whole.events;
      expect(lasting(rest.events)).toEqual(lasting(missing));
      expect(rest.summary).toEqual(whole.summary);
      expect(hash(stopped.adapterPath)).toBe(hash(undisturbed.adapterPath));
    }
  });

  test('by its signal says so and keeps what was done', async () => {
    const checkpointDir = path.join(folder, 'aborted');
    const controller = new AbortController();
    const aborted = job({ checkpointDir, signal: controller.signal });
    const events = trainer().train(aborted);
    await takeUntil(events, 2);
    controller.abort();
    await expect(finish(events)).rejects.toMatchObject({ code: 'interrupted' });
    expect(readdirSync(checkpointDir).sort()).toEqual(['choices.json', 'step-000002.gguf', 'step-000002.json']);
  });

  test('keeps the last two checkpoints, and the older one serves where the newer is damaged', async () => {
    const checkpointDir = path.join(folder, 'kept');
    const first = job({ checkpointDir, checkpointSeconds: 0 });
    await finish(trainer().train(first));
    expect(
      readdirSync(checkpointDir)
        .filter((name) => name.endsWith('.gguf'))
        .sort(),
    ).toEqual(['step-000005.gguf', 'step-000006.gguf']);
    writeFileSync(path.join(checkpointDir, 'step-000006.gguf'), 'damaged');
    const second = job({ checkpointDir });
    const { events } = await finish(trainer().train(second));
    expect(events.filter((event) => event.kind === 'step').map(({ step }) => step)).toEqual([6]);
    expect(hash(second.adapterPath)).toBe(hash(first.adapterPath));
  });

  test('goes on after a command that was refused for other settings', async () => {
    const checkpointDir = path.join(folder, 'refused');
    const events = trainer().train(job({ checkpointDir, checkpointSeconds: 0 }));
    await takeUntil(events, 2);
    await events.return(undefined as never);
    const other = job({ checkpointDir, settings: { ...trainerSettings, copiedWeights: 'none' } });
    await expect(finish(trainer().train(other))).rejects.toMatchObject({ code: 'run-changed' });
    await finish(trainer().train(job({ checkpointDir })));
  });

  test('goes on with the copies of weights that were chosen when it started', async () => {
    const checkpointDir = path.join(folder, 'chosen');
    mkdirSync(checkpointDir);
    writeFileSync(path.join(checkpointDir, 'choices.json'), '{"copiedWeights":"none"}');
    const { events } = await finish(trainer().train(job({ checkpointDir })));
    expect(events[0]).toMatchObject({ memory: { copiedWeights: 'none' } });
  });

  test('is not continued with other data or settings', async () => {
    const checkpointDir = path.join(folder, 'changed');
    await finish(trainer().train(job({ checkpointDir })));
    const others: [Partial<TrainJob>, RegExp][] = [
      [
        { examples: examples(9) },
        /holds a checkpoint of another training: training samples \(sha256\) was [0-9a-f]{12}, is/,
      ],
      [
        { settings: { ...trainerSettings, learningRate: 1e-3, steps: 3 } },
        /another training: learningRate was 0.002, is now 0.001; steps was not set, is now 3$/,
      ],
    ];
    for (const [other, message] of others) {
      await expect(finish(trainer().train(job({ checkpointDir, ...other })))).rejects.toMatchObject({
        code: 'run-changed',
        message: expect.stringMatching(message) as string,
      });
    }
    const otherBase = trainer(tinyModel({ type: 'q8_0', seed: 2 }));
    await expect(finish(otherBase.train(job({ checkpointDir })))).rejects.toMatchObject({
      code: 'run-changed',
      message: `the base is another one than that of the checkpoint in ${checkpointDir}`,
    });
  });
});

describe('bad input', () => {
  test('all wrong settings are reported at once', async () => {
    const settings = { ...trainerSettings, rank: 0, dropout: 1, targets: ['q', 'z'], epochs: 0 };
    await expect(finish(trainer().train(job({ settings })))).rejects.toMatchObject({
      code: 'bad-config',
      message:
        'rank must be a whole number from 1 to 1024; it is 0; dropout must be a number from 0 to below 1; it is 1; ' +
        'targets must be some of q, k, v, o, gate, up, down, each once; it is ["q","z"]; ' +
        'epochs must be a number above 0, at most 10000; it is 0',
    });
  });

  test('examples whose prompts are all too long leave nothing usable', async () => {
    const settings = { ...trainerSettings, maxLength: 5 };
    await expect(finish(trainer().train(job({ settings })))).rejects.toMatchObject({
      code: 'nothing-usable',
      message: 'there is no response token to train on: of 10 examples, 10 have a prompt of 5 tokens or more',
    });
  });

  test.each([
    [{ architecture: 'falcon' }, 'models of the architecture "falcon" cannot be trained'],
    [{ extraTensor: 'blk.0.attn_output.bias' }, 'tensor blk.0.attn_output.bias is not part of what can be trained'],
  ])('a model with %j is refused by name', async (options, message) => {
    await expect(finish(trainer(tinyModel(options)).train(job()))).rejects.toMatchObject({
      code: 'unsupported-model',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('the native trainer', () => {
  const sample = { tokens: Int32Array.from({ length: 40 }, (_, i) => i + 60), context: 10 };
  const create = () => loadAddon().createTrainer(nativeOptions(tinyModel()));

  test('runs one call at a time and says so', async () => {
    const native = await create();
    const first = native.step([sample]);
    expect(() => native.step([sample])).toThrow('the trainer is busy with another call');
    await first;
    expect(native.steps).toBe(1);
    await native.dispose();
  });

  test('can be disposed while it works, and again; then it only answers with errors', async () => {
    const native = await create();
    const running = native.step(Array.from({ length: 200 }, () => sample));
    const disposed = Promise.all([native.dispose(), native.dispose()]);
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    await disposed;
    await native.dispose();
    expect(() => native.steps).toThrow('the trainer is disposed');
    expect(() => native.step([sample])).toThrow('the trainer is disposed');
    expect(() => native.logits(sample.tokens)).toThrow('the trainer is disposed');
  });

  test('goes on after it was cancelled', async () => {
    const native = await create();
    const cancelled = native.step(Array.from({ length: 200 }, () => sample));
    native.cancel();
    await expect(cancelled).rejects.toMatchObject({ code: 'interrupted' });
    expect(native.steps).toBe(0);
    native.cancel(); // nothing runs: nothing happens
    await native.step([sample]);
    await native.dispose();
  });

  test('refuses tokens that the model does not have', async () => {
    const native = await create();
    await expect(native.step([{ tokens: Int32Array.of(1, 320), context: 1 }])).rejects.toMatchObject({
      code: 'bad-input',
      message: "sample 0 has token 320; the model's tokens are 0 to 319",
    });
    await expect(native.evaluate([{ tokens: new Int32Array(0), context: 1 }], true)).rejects.toThrow(
      'sample 0 has no tokens',
    );
    await native.dispose();
  });
});
