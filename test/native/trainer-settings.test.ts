// What the settings of a training do on tiny models: batches, steps, packing, looks at the held-out samples, the best adapter,
// early stopping, an adapter to start from, and a loss that is no number.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import type { TrainerSettings, TrainEvent, TrainJob } from '../../src/engine/engine.js';
import { createTrainer, forecastTraining } from '../../src/engine/trainer.js';
import type { IsheepError } from '../../src/shared/errors.js';
import { tinyModel } from '../support/tiny-model.js';
import { examples, finish, tokenizeBytes, trainerSettings } from '../support/training.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function train(settings: Partial<TrainerSettings> = {}, more: Partial<TrainJob> = {}) {
  const adapterPath = path.join(folder, `adapter-${count++}.gguf`);
  const job = { examples: examples(10), heldOut: examples(3, 50), adapterPath, metadata: {}, ...more };
  const trainer = createTrainer({ modelPath: tinyModel({ type: 'q8_0' }), tokenizeExample: tokenizeBytes, threads: 1 });
  const result = finish(trainer.train({ ...job, settings: { ...trainerSettings, ...settings } }));
  return result.then((finished) => ({ ...finished, adapterPath }));
}
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const looks = (events: readonly TrainEvent[]) => events.filter((event) => event.kind === 'held-out');
const steps = (events: readonly TrainEvent[]) => events.filter((event) => event.kind === 'step');

/** At this rate the held-out loss falls and soon rises again. */
const hasty = { learningRate: 3e-2, steps: 40, evaluateEvery: 2 };

describe('batches and steps', () => {
  test('the first event counts samples and steps, and what the maximum length does', async () => {
    const { events, summary } = await train(
      { maxLength: 26 },
      { examples: [...examples(10), ...examples(2, 10 ** 9)] },
    );
    expect(events[0]).toMatchObject({
      kind: 'samples',
      steps: 6,
      training: { samples: 10, tokens: 260, lossTokens: 80, cut: 10, cutTokens: 11, tooLong: 2 },
      heldOut: { samples: 3, tokens: 78, lossTokens: 21, cut: 3, cutTokens: 9, tooLong: 0 },
    });
    expect(summary).toMatchObject({ samples: 10, tooLong: 2, cut: 13, cutTokens: 20 });
  });

  test('what is planned and chosen by the memory is said before the first step', async () => {
    const { events } = await train({ activations: 'recompute', copiedWeights: 'none' });
    const [first] = events;
    const memory = first?.kind === 'samples' ? first.memory : undefined;
    expect(memory?.copiedWeights).toBe('none');
    const { process = 0, mapped = 0, copies = 0, adapter = 0, activations = 0, graphs = 0 } = memory ?? {};
    const { copying = 0, total } = memory ?? {};
    expect(process + mapped + copies + adapter + Math.max(copying, activations + graphs)).toBe(total);
  });

  test('too little memory is an error before the first step that says what would fit', async () => {
    await expect(train({ memory: 1 })).rejects.toMatchObject({ code: 'not-enough-memory' });
  });

  test('the forecast without data is that of data whose longest sample has the maximum length', async () => {
    const fitting = { maxLength: 26, copiedWeights: 'none', activations: 'recompute' } as const;
    const { events } = await train(fitting);
    const memory = events[0]?.kind === 'samples' ? events[0].memory : undefined;
    const options = { modelPath: tinyModel({ type: 'q8_0' }), threads: 1 };
    const forecast = await forecastTraining(options, { ...trainerSettings, ...fitting });
    expect({ ...forecast, process: 0, total: 0 }).toEqual({ ...memory, process: 0, total: 0 });
    const larger = await forecastTraining(options, { ...trainerSettings, ...fitting, maxLength: 2000 });
    expect(larger.activations).toBeGreaterThan(4 * forecast.activations);
    expect(larger.graphs).toBeGreaterThan(4 * forecast.graphs);
  });

  test('the forecast without data is an error that names a length that fits, whatever the maximum length', async () => {
    const options = { modelPath: tinyModel({ type: 'q8_0' }), threads: 1 };
    const megabytes = Math.ceil(process.memoryUsage.rss() / 2 ** 20) + 60;
    const settings = { ...trainerSettings, memory: megabytes, maxLength: 50_000 };
    const error = await forecastTraining(options, settings).catch((thrown: unknown) => thrown);
    const { code, message, hint } = error as IsheepError;
    expect(code).toBe('not-enough-memory');
    expect(message).toMatch(/^training on samples of up to 50000 tokens needs \d+ MiB; \d+ MiB may be used$/);
    expect(hint).toMatch(/^the longest that fits has \d+ tokens: lower the maximum length to it$/);
    const [, longest] = /has (\d+) tokens/.exec(hint) ?? [];
    const shorter = { ...settings, memory: megabytes + 20, maxLength: Number(longest) }; // the process grows meanwhile
    expect((await forecastTraining(options, shorter)).total).toBeLessThan((megabytes + 20) * 2 ** 20);
  });

  test('accumulated batches give the bytes of one batch of their size', async () => {
    const [whole, parts] = [await train({ batchSize: 4 }), await train({ batchSize: 2, accumulate: 2 })];
    expect(hash(parts.adapterPath)).toBe(hash(whole.adapterPath));
  });

  test('a batch by tokens takes whole samples', async () => {
    const { events, summary } = await train({ batchTokens: 70, epochs: 1 });
    expect(steps(events).every(({ tokens }) => tokens <= 70 && tokens > 35)).toBe(true);
    expect(summary).toMatchObject({ steps: 5, plannedSteps: 5, samples: 10 });
  });

  test('the schedule ends with the steps that are asked for', async () => {
    const { events } = await train({ steps: 5, epochs: 1, schedule: 'linear', warmupSteps: 1 });
    expect(steps(events).map(({ lr }) => Number(lr.toFixed(5)))).toEqual([0, 0.002, 0.0015, 0.001, 0.0005]);
  });

  test('without packing a step is the same but for rounding', async () => {
    const [packed, apart] = [await train({ dropout: 0 }), await train({ dropout: 0, packing: false })];
    const losses = (events: TrainEvent[]) => steps(events).map(({ loss }) => loss);
    // Where a gradient's last bit makes an adapter's number round to another in BF16, the next loss moves by some 1e-4 of it.
    losses(apart.events).forEach((loss, i) => {
      const expected = losses(packed.events)[i] ?? 0;
      expect(Math.abs(loss - expected) / expected).toBeLessThan(1e-3);
    });
  });
});

describe('looks at the held-out samples', () => {
  test('come every so many steps and at the end', async () => {
    const { events } = await train({ steps: 7, evaluateEvery: 3 });
    expect(looks(events).map(({ step }) => step)).toEqual([0, 3, 6, 7]);
  });

  test('choose the adapter: its bytes are those of a training that ended there', async () => {
    const { events, summary, adapterPath } = await train({ ...hasty, schedule: 'constant' });
    const [lowest] = looks(events)
      .slice(1)
      .sort((a, b) => a.held_out_loss - b.held_out_loss);
    expect(summary.adapterStep).toBe(lowest?.step);
    expect(summary.adapterStep).toBeLessThan(summary.steps);
    expect(summary.heldOutLossAdapter).toBe(lowest?.held_out_loss);
    const short = await train({ ...hasty, schedule: 'constant', steps: summary.adapterStep, keepBest: false });
    expect(hash(adapterPath)).toBe(hash(short.adapterPath));
  });

  test('leave the last adapter where the best is not to be kept', async () => {
    const { events, summary } = await train({ ...hasty, keepBest: false });
    expect(summary.adapterStep).toBe(40);
    expect(summary.heldOutLossAdapter).toBe(looks(events).at(-1)?.held_out_loss);
  });

  test('stop the training where they no longer get better', async () => {
    const { events, summary } = await train({ ...hasty, patience: 3 });
    expect(summary.steps).toBe(summary.adapterStep + 6);
    expect(summary).toMatchObject({ plannedSteps: 40 });
    expect(steps(events)).toHaveLength(summary.steps);
  });
});

describe('an adapter to start from', () => {
  test('of another base is refused by the sha256 that it names', async () => {
    const { adapterPath } = await train({}, { metadata: { 'isheep.base.sha256': 'a'.repeat(64) } });
    const again = (base: string) =>
      train({}, { initAdapterPath: adapterPath, metadata: { 'isheep.base.sha256': base } });
    await expect(again('b'.repeat(64))).rejects.toMatchObject({
      code: 'adapter-mismatch',
      message: `${adapterPath}: it was trained on a base with the sha256 aaaaaaaaaaaa…, and this one has bbbbbbbbbbbb…`,
    });
    const { events } = await again('a'.repeat(64));
    expect(looks(events)[0]?.held_out_loss).toBeGreaterThan(0);
  });
});

test('the base itself is no place for an adapter, under whatever name', async () => {
  const base = tinyModel({ type: 'q8_0' });
  const before = hash(base);
  const link = path.join(folder, 'link.gguf');
  symlinkSync(base, link);
  for (const adapterPath of [base, link]) {
    await expect(train({}, { adapterPath })).rejects.toMatchObject({
      code: 'bad-config',
      message: `${adapterPath} is the model itself, which would be replaced`,
    });
  }
  expect(hash(base)).toBe(before);
});

test('the smallest part of an epoch is a step', async () => {
  const { summary } = await train({ epochs: 1e-10 });
  expect(summary.steps).toBe(1);
});

test('a loss that is no number stops with the sample and the step, and leaves the checkpoints as they were', async () => {
  const checkpointDir = path.join(folder, 'diverged');
  const adapterPath = path.join(folder, 'diverged.gguf');
  const job = { heldOut: [], checkpointDir, checkpointSeconds: 0, adapterPath };
  await expect(train({ learningRate: 1e38, maxGradNorm: 0 }, job)).rejects.toMatchObject({
    code: 'training-diverged',
    message: expect.stringMatching(/^the loss of sample e\d is not a finite number after step 2$/) as string,
  });
  const checkpoints = ['1.gguf', '1.json', '2.gguf', '2.json'].map((n) => `step-00000${n}`);
  expect(readdirSync(checkpointDir).sort()).toEqual(['choices.json', ...checkpoints]);
  expect(existsSync(adapterPath)).toBe(false);
});
