// The forecast of a training's memory beside the measured peak of a process that makes two steps, on real models, at
// several lengths of samples, with as little memory as it can and with all that is faster. Fetches 253 MB.
import path from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { type TrainJobFile, workloadSettings } from '../../src/bench/train-job.js';
import { runTrainer } from '../../src/bench/trainers.js';
import { fetchModel } from '../../src/engine/fetch/fetch-model.js';
import { knownModel } from '../../src/engine/known-models.js';
import { randomStream } from '../../src/shared/random.js';

const root = path.resolve(import.meta.dirname, '../..');
const ownTrainer = [
  '--import',
  path.join(root, 'test/support/typescript-loader.mjs'),
  path.join(root, 'src/bench/train-child.ts'),
];

/** One sample a step, half of it response. Tokens that every vocabulary has. */
function stepsOf(length: number): TrainJobFile['steps'] {
  const random = randomStream(length);
  const sample = () => ({
    tokens: Array.from({ length }, () => 300 + Math.floor(random() * 40_000)),
    context: Math.floor(length / 2),
  });
  return [[sample()], [sample()]];
}

const modes = [
  { copiedWeights: 'none', activations: 'recompute' },
  { copiedWeights: 'all', activations: 'recompute' },
  { copiedWeights: 'auto', activations: 'auto' },
] as const;
const cases = modes.flatMap((mode) => [256, 512, 1024].map((length) => ({ ...mode, length })));

describe.each(['smollm2-135m-instruct', 'gemma3-270m'])('the forecast for %s', (name) => {
  let model: string;
  beforeAll(async () => {
    model = (await fetchModel(knownModel(name))).path;
  });

  test.each(cases)(
    'is within 15 % of the peak at $length tokens, copied weights $copiedWeights, activations $activations',
    ({ length, ...choices }) => {
      const machine = { model, threads: 1, device: 'cpu', microBatchTokens: 400, profile: false };
      const job = { ...machine, memory: choices, settings: workloadSettings, steps: stepsOf(length) };
      const measured = runTrainer(job, process.execPath, ownTrainer);
      if (typeof measured === 'string') throw new Error(measured);
      const { forecastMib = NaN, peakMib, copiedWeights } = measured;
      const ratio = forecastMib / peakMib;
      const figures = [forecastMib, peakMib].map((mib) => `${mib.toFixed(0)} MiB`);
      process.stdout.write(
        `| ${name} | ${length} | ${choices.copiedWeights} (${copiedWeights}), ${choices.activations} | ` +
          `${figures.join(' | ')} | ${ratio.toFixed(3)} |\n`,
      );
      expect(ratio).toBeGreaterThan(0.85);
      expect(ratio).toBeLessThan(1.15);
    },
  );
});
