// Our trainer in a process of its own, so that its peak memory is its own: node train-child.js JOB.json, a TrainMeasurement
// on standard output.
import { peakBytes } from '../engine/memory.js';
import { openStepTrainer } from '../engine/step-trainer.js';
import { memoryOptions } from '../engine/training-memory.js';
import { IsheepError } from '../shared/errors.js';
import { readJob } from './child.js';
import type { TrainJobFile, TrainMeasurement } from './train-job.js';

const MiB = 1024 * 1024;

async function measure({ model, steps, settings, memory, ...job }: TrainJobFile): Promise<TrainMeasurement> {
  const lengths = steps.flat().map(({ tokens }) => tokens.length);
  const trainer = await openStepTrainer({
    ...job,
    ...settings,
    modelPath: model,
    initAdapterPath: '',
    totalSteps: steps.length,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    ...memoryOptions(memory, lengths, null, process.memoryUsage.rss()),
  });
  const measured: TrainMeasurement = { tokens: 0, seconds: 0, peakMib: 0, losses: [] };
  for (const [i, step] of steps.entries()) {
    const samples = step.map(({ tokens, context }) => ({ tokens: Int32Array.from(tokens), context }));
    const start = performance.now();
    const { loss, tokens } = await trainer.step(samples);
    measured.losses.push(loss);
    if (i === 0) continue;
    measured.tokens += tokens;
    measured.seconds += (performance.now() - start) / 1000;
  }
  const { memoryPlan, secondsByPart } = trainer;
  const { total, copiedWeights } = memoryPlan;
  await trainer.dispose();
  return { ...measured, peakMib: peakBytes() / MiB, forecastMib: total / MiB, copiedWeights, secondsByPart };
}

try {
  process.stdout.write(`${JSON.stringify(await measure(readJob() as TrainJobFile))}\n`);
} catch (error) {
  if (!(error instanceof IsheepError)) throw error;
  process.stderr.write(`error [${error.code}] ${error.message}\n`);
  process.exitCode = error.exitCode;
}
