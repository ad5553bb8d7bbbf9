// The trainer over llama.cpp: turns examples into samples, opens the native trainer and runs it (training-run.ts). The
// mathematics is in native/training/.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { NativeForecastOptions, NativeTrainer } from '../native/addon-types.js';
import { loadAddon } from '../native/load-addon.js';
import { fromNative, IsheepError } from '../shared/errors.js';
import { refuseReplacing, refuseUnwritable } from '../shared/writable.js';
import { checkTrainJob } from './check-train-job.js';
import type { MemoryForecast, MemorySettings, TrainEvent, TrainJob, TrainSummary, Trainer } from './engine.js';
import { StepPlan } from './step-plan.js';
import { threadCount } from './thread-count.js';
import { baseKey, TrainingCheckpoints, type JobIdentity } from './training-checkpoints.js';
import {
  hashSamples,
  refuseNothing,
  tokenizeExamples,
  type TokenizedExamples,
  type TokenizeExample,
} from './training-data.js';
import { memoryOptions, readChosenCopies, writeChosenCopies } from './training-memory.js';
import { TrainingRun } from './training-run.js';

export interface TrainerOptions {
  modelPath: string;
  tokenizeExample: TokenizeExample;
  /** auto (the default): a GPU where there is one, else the CPU. */
  device?: string;
  /** 0 (the default): as many as the machine has cores. */
  threads?: number;
}

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** A trainer that loads the model for each job and frees it after. */
export function createTrainer(options: TrainerOptions): Trainer {
  return { train: (job) => train(options, job) };
}

/** Throws `unsupported-model` where the model cannot be trained; reads the header of the file alone. */
export function checkTrainable(modelPath: string): void {
  try {
    loadAddon().checkTrainable(modelPath);
  } catch (error) {
    throw fromNative(error);
  }
}

/** The memory of a training whose longest sample has the maximum length, since nothing is known of its data. Makes no
 *  trainer. Throws `not-enough-memory`, with the longest that fits, where that is too much. */
export async function forecastTraining(
  options: Omit<TrainerOptions, 'tokenizeExample'>,
  settings: MemorySettings,
): Promise<MemoryForecast> {
  const addon = loadAddon(); // its libraries are part of the process
  const memory = memoryOptions(settings, [settings.maxLength], null, process.memoryUsage.rss());
  try {
    return await addon.forecastTraining({ ...shapeOf(options, settings), ...memory });
  } catch (error) {
    throw fromNative(error);
  }
}

async function* train(options: TrainerOptions, job: TrainJob): AsyncGenerator<TrainEvent, TrainSummary> {
  checkTrainJob(job);
  refuseUnwritable(job.adapterPath);
  refuseReplacing(job.adapterPath, options.modelPath);
  const { maxLength } = job.settings;
  const training = tokenizeExamples(job.examples, options.tokenizeExample, maxLength);
  const heldOut = tokenizeExamples(job.heldOut, options.tokenizeExample, maxLength);
  refuseNothing(training.counts, job.examples.length, maxLength);
  const lengths = training.samples.map(({ tokens }) => tokens.length);
  const plan = new StepPlan(lengths, job.settings);
  const chosen = readChosenCopies(job.checkpointDir);
  const heldOutLengths = heldOut.samples.map(({ tokens }) => tokens.length);
  const memory = memoryOptions(job.settings, [...lengths, ...heldOutLengths], chosen, process.memoryUsage.rss());
  const native = await openNative(options, job, plan.total, memory);
  const cancel = (): void => native.cancel();
  job.signal?.addEventListener('abort', cancel);
  try {
    // A listener hears nothing of what happened while the model was loaded.
    if (job.signal?.aborted) throw new IsheepError('interrupted', 'training was interrupted');
    const { checkpointDir } = job;
    const identity = identityOf(job, training, heldOut, native);
    const checkpoints = checkpointDir === undefined ? null : new TrainingCheckpoints(checkpointDir, identity);
    const run = new TrainingRun({
      native,
      job,
      training,
      heldOut,
      plan,
      memory: native.memoryPlan,
      checkpoints,
      onRestored: () => writeChosenCopies(checkpointDir, native.memoryPlan.copiedWeights),
    });
    yield* run.events();
    return run.summary();
  } catch (error) {
    throw fromNative(error);
  } finally {
    job.signal?.removeEventListener('abort', cancel);
    await native.dispose();
  }
}

async function openNative(
  options: TrainerOptions,
  job: TrainJob,
  total: number,
  memory: ReturnType<typeof memoryOptions>,
): Promise<NativeTrainer> {
  const { alpha, rankStabilized, dropout, seed, learningRate, schedule } = job.settings;
  const { warmupSteps, weightDecay, maxGradNorm } = job.settings;
  try {
    return await loadAddon().createTrainer({
      ...shapeOf(options, job.settings),
      ...memory,
      alpha,
      rankStabilized,
      dropout,
      seed,
      initAdapterPath: job.initAdapterPath ?? '',
      baseSha256: job.metadata['isheep.base.sha256'] ?? '',
      learningRate,
      schedule,
      warmupSteps,
      totalSteps: total,
      weightDecay,
      beta1,
      beta2,
      epsilon,
      maxGradNorm,
    });
  } catch (error) {
    throw fromNative(error);
  }
}

/** What a trainer is, apart from how its steps are made. */
function shapeOf(
  options: Omit<TrainerOptions, 'tokenizeExample'>,
  { rank, targets, packing, microBatchTokens }: MemorySettings,
): Omit<NativeForecastOptions, keyof ReturnType<typeof memoryOptions>> {
  return {
    modelPath: options.modelPath,
    device: options.device ?? 'auto',
    threads: threadCount(options.threads),
    rank,
    targets,
    microBatchTokens: packing ? microBatchTokens : 0, // a micro-batch takes one sample, however long
  };
}

/** All that decides the adapter, by name: settings, data, base and what rounds otherwise. */
function identityOf(
  job: TrainJob,
  training: TokenizedExamples,
  heldOut: TokenizedExamples,
  native: NativeTrainer,
): JobIdentity {
  const free = ['memory', 'activations']; // as threads, they do not change a byte of it
  const settings = Object.entries(job.settings).filter(([name, value]) => value !== undefined && !free.includes(name));
  const { initAdapterPath } = job;
  return {
    ...Object.fromEntries(settings.map(([name, value]) => [name, JSON.stringify(value)])),
    copiedWeights: native.memoryPlan.copiedWeights,
    'training samples (sha256)': hashSamples(training.samples),
    'held-out samples (sha256)': hashSamples(heldOut.samples),
    ...(initAdapterPath === undefined ? {} : { 'init adapter (sha256)': sha256(readFileSync(initAdapterPath)) }),
    [baseKey]: native.baseFingerprint,
  };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
