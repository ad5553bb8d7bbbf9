import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';

import { forecast, plan } from '../../../src/pipeline/plan.js';
import type { Measured } from '../../../src/pipeline/probe.js';
import { fakeRun, runFolder, smallConfig } from '../../support/run-folder.js';

const measured: Measured = {
  synthesize: { requests: 8, kept: 16, tokens: 1600, seconds: 4 },
  respond: { responses: 8, passed: 4, tokens: 800, seconds: 2 },
  assess: { pairs: 8, method: 'likelihood', seconds: 1 },
  train: { pairs: 8, tokens: 1000, seconds: 10 },
  baseBytes: 1e8,
  adapterBytes: 1e7,
  peakBytes: 5e8,
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
  expect(memoryBytes).toBe(5e8);
  expect(diskBytes).toBe(3 * (2 * (500 * 4000 + 1000 * 1000) + 1e7) + 4e7);
  expect(notes).toEqual([]);
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

test('a plan probes each kind of work once and leaves nothing behind', async () => {
  const folder = runFolder();
  const { runDir, config: small, modelPath, engine } = fakeRun(folder);
  const planned = await plan({ runDir, config: small, modelPath, engine });
  expect(engine.log.opened).toEqual(['model', 'trainer']);
  expect(planned.stages.map(({ count }) => count).every((n) => n > 0)).toBe(true);
  expect(planned.freeDiskBytes).toBeGreaterThan(0);
  expect(planned.measured.adapterBytes).toBeGreaterThan(0);
  expect(existsSync(folder.runDir)).toBe(false);
  folder.remove();
});
