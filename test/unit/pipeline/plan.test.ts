import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';

import { forecast, plan } from '../../../src/pipeline/plan.js';
import type { Measured } from '../../../src/pipeline/probe.js';
import type { MemoryForecast } from '../../../src/engine/engine.js';
import { IsheepError } from '../../../src/shared/errors.js';
import { fakeRun, runFolder, smallConfig } from '../../support/run-folder.js';

const trainingMemory: MemoryForecast = {
  ...{ process: 1e8, mapped: 1e8, copies: 2e8, copiedWeights: 'all', adapter: 5e7 },
  ...{ activations: 2e8, graphs: 5e7, copying: 1e8, total: 7e8 },
};

const measured: Measured = {
  synthesize: { own: 0, requests: 8, kept: 16, tokens: 1600, seconds: 4, measureSeconds: 0 },
  respond: { responses: 8, passed: 4, tokens: 800, seconds: 2 },
  assess: { pairs: 8, method: 'likelihood', seconds: 1 },
  select: { pairs: 0, seconds: 0 },
  dataset: { pairs: 4, made: 0, tokens: 500 },
  train: { pairs: 8, tokens: 1000, seconds: 10 },
  baseBytes: 1e8,
  mergedBytes: 0,
  adapterBytes: 1e7,
  peakBytes: 5e8,
  trainingMemory,
  requestBytes: 4000,
  pairBytes: 1000,
};

const config = smallConfig({
  model: 'm',
  instructions: 1000,
  iterations: 3,
  select: { share: 0.3 },
  train: { epochs: 2, validation: 0.1 },
});

test('a forecast counts every stage from what the probe measured', () => {
  const { stages, seconds, memoryBytes, diskBytes, notes } = forecast(config, measured);
  expect(stages.map(({ stage, count, tokens, seconds: of }) => [stage, count, tokens, of])).toEqual([
    ['synthesize', 500, 100_000, 250],
    ['respond', 1000, 100_000, 250],
    ['filter', 1000, 0, 0],
    ['assess', 500, 0, 62.5],
    ['select', 150, 0, 0],
    ['train', 135, 33_750, 337.5],
    ['evaluate', 94, 0, 11.75],
  ]);
  expect(seconds).toBe(3 * 911.75);
  expect(memoryBytes).toBe(7e8); // of training; the probe took less
  expect(diskBytes).toBe(3 * (2 * (500 * 4000 + 1000 * 1000) + 1e7) + 4e7);
  expect(notes).toEqual([]);
});

test('a forecast counts what is made in hindsight as the probe found it', () => {
  const { stages } = forecast(config, { ...measured, dataset: { pairs: 4, made: 18, tokens: 2200 } });
  // 150 kept, 675 made of these, a tenth held out; 100 tokens each, twice.
  expect(stages.find(({ stage }) => stage === 'train')).toMatchObject({ count: 743, tokens: 148_600 });
});

test('a forecast counts all responses to an instruction, of which one at most is kept', () => {
  const several = { ...config, respond: { ...config.respond, responses: 4 } };
  const { stages } = forecast(several, measured);
  expect(stages.map(({ stage, count }) => [stage, count])).toMatchObject([
    ['synthesize', 500],
    ['respond', 4000],
    ['filter', 4000],
    ['assess', 2000],
    ['select', 300],
    ['train', 270],
    ['evaluate', 124],
  ]);
});

test('a forecast of memory is the larger peak, of training at the maximum length or of the probe', () => {
  expect(forecast(config, measured)).toMatchObject({ memoryBytes: 7e8, trainingMemory, maxLength: 1024 });
  expect(forecast(config, { ...measured, peakBytes: 8e8 })).toMatchObject({ memoryBytes: 8e8, trainingMemory });
});

test('a forecast of a selection by measurement counts measuring in the place of judging', () => {
  const select = { ...config.select, by: 'density+perplexity' as const };
  const timed = { ...measured, select: { pairs: 8, seconds: 4 } };
  const rows = (more: object) =>
    forecast({ ...config, select: { ...select, ...more } }, timed).stages.filter(({ stage }) =>
      /assess|select/.test(stage),
    );
  expect(rows({ clusters: 300 })).toMatchObject([
    { count: 0, seconds: 0 },
    { count: 300, seconds: 250 },
  ]);
  expect(rows({ clusters: 500 })).toMatchObject([{ count: 0 }, { count: 250 }]); // half of the pairs
  expect(rows({ clusters: 300, atMost: 70 })).toMatchObject([{ count: 0 }, { count: 70 }]);
  expect(forecast({ ...config, select: { ...select, by: 'perplexity' } }, timed).notes).toEqual([
    'How many pairs pass the threshold is not known before; training is forecast for all that pass the filters.',
  ]);
});

test('a forecast says what the probe could not know', () => {
  const dry = {
    ...measured,
    synthesize: { ...measured.synthesize, kept: 0 },
    respond: { ...measured.respond, passed: 0 },
  };
  const graded = { ...config, assess: { ...config.assess, method: 'expected' as const } };
  expect(forecast(graded, dry).notes).toEqual([
    'None of the 8 requests of the probe gave an instruction that was kept; counted as one.',
    'No response of the probe passed the filters; counted as one.',
    'How many pairs pass the threshold is not known before; training is forecast for all that pass the filters.',
  ]);
});

test('a plan writes as many at the same time as a run does, where a few of them took no time', async () => {
  const folder = runFolder({ instructions: 100, synthesize: { chunk: 100 } });
  const { runDir, config: large, modelPath, engine } = fakeRun(folder);
  const { measured: quick } = await plan({ runDir, config: large, modelPath, engine });
  expect([quick.synthesize.requests, quick.respond.responses, quick.train.pairs]).toEqual([50, 64, 8]);
  folder.remove();
});

test('a plan probes each kind of work and leaves nothing behind', async () => {
  const folder = runFolder();
  const { runDir, config: small, modelPath, engine } = fakeRun(folder);
  const planned = await plan({ runDir, config: small, modelPath, engine });
  expect(engine.log.opened).toEqual(['forecast', 'model', 'trainer', 'forecast']);
  expect(planned.trainingMemory).toMatchObject({ copiedWeights: 'all', total: 9e8 });
  expect(planned.stages.map(({ count }) => count).every((n) => n > 0)).toBe(true);
  expect(planned.freeDiskBytes).toBeGreaterThan(0);
  expect(planned.measured.adapterBytes).toBeGreaterThan(0);
  const { dataset, train } = planned.measured;
  expect([dataset.pairs, train.pairs]).toEqual([expect.any(Number), Math.min(8, dataset.pairs + dataset.made)]);
  expect(dataset.tokens).toBeGreaterThan(dataset.pairs);
  expect(existsSync(folder.runDir)).toBe(false);
  folder.remove();
});

test('a training that does not fit at the maximum length is an error before the probe', async () => {
  const folder = runFolder({ train: { maxLength: 700, memory: 400 } });
  const { runDir, config: small, modelPath, engine } = fakeRun(folder);
  const planned = plan({ runDir, config: small, modelPath, engine });
  await expect(planned).rejects.toThrow(IsheepError);
  await expect(planned).rejects.toMatchObject({
    code: 'not-enough-memory',
    hint: 'the longest that fits has 16 tokens',
  });
  expect(engine.log.opened).toEqual(['forecast']);
  folder.remove();
});

test.each([
  ['each', 3, 1],
  ['last', 1, 0],
] as const)('models that are merged with merge.when %s take disk', (when, models, rows) => {
  const merging = { ...config, merge: { when, type: 'q8_0' as const } };
  const merged = forecast(merging, { ...measured, mergedBytes: 2e8 });
  expect(merged.diskBytes - forecast(config, measured).diskBytes).toBe(models * 2e8);
  expect(merged.stages.filter(({ stage }) => stage === 'merge')).toHaveLength(rows);
  expect(merged.notes).toHaveLength(1);
});
