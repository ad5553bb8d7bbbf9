// The trainer over llama.cpp: turns examples into samples, runs the steps in the order that the seed gives, measures the
// held-out loss, writes checkpoints and continues from them, writes the adapter. The mathematics is in native/training/.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type { NativeSample, NativeTrainer } from '../native/addon-types.js';
import { loadAddon } from '../native/load-addon.js';
import { fromNative, IsheepError } from '../shared/errors.js';
import { checkTrainJob } from './check-train-job.js';
import type { TrainEvent, TrainJob, TrainSummary, Trainer } from './engine.js';
import { startOfTraining, TrainingCheckpoints, type TrainProgress } from './training-checkpoints.js';
import {
  batchOfStep,
  hashSamples,
  stepsPerEpoch,
  type TokenizeExample,
  tokenizeExamples,
  totalSteps,
} from './training-data.js';

export interface TrainerOptions {
  modelPath: string;
  tokenizeExample: TokenizeExample;
  /** auto (the default) or cpu. */
  device?: string;
  /** 0 (the default): as many as the machine has cores. */
  threads?: number;
  /** Seconds between checkpoints; 60 is the default. One is written at the end and when a job is stopped, too. */
  checkpointSeconds?: number;
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

interface Samples {
  training: NativeSample[];
  heldOut: NativeSample[];
  tooLong: number;
  cut: number;
}

async function* train(options: TrainerOptions, job: TrainJob): AsyncGenerator<TrainEvent, TrainSummary> {
  checkTrainJob(job);
  const samples = tokenize(options, job);
  const total = totalSteps(samples.training.length, job.settings.batchSize, job.settings.epochs);
  const native = await openNative(options, job, total);
  const cancel = (): void => native.cancel();
  job.signal?.addEventListener('abort', cancel);
  try {
    const run = new TrainingRun(native, options, job, samples, total);
    yield* run.events();
    return run.summary();
  } catch (error) {
    throw fromNative(error);
  } finally {
    job.signal?.removeEventListener('abort', cancel);
    await native.dispose();
  }
}

function tokenize({ tokenizeExample }: TrainerOptions, { examples, heldOut, settings }: TrainJob): Samples {
  const training = tokenizeExamples(examples, tokenizeExample, settings.maxLength);
  const held = tokenizeExamples(heldOut, tokenizeExample, settings.maxLength);
  if (training.samples.length === 0) {
    const why = `of ${examples.length} examples, ${training.tooLong} have a prompt of ${settings.maxLength} tokens or more`;
    throw new IsheepError('nothing-usable', `there is no response token to train on: ${why}`, {
      hint: 'raise the maximum length, or give examples with a response',
    });
  }
  return {
    training: training.samples,
    heldOut: held.samples,
    tooLong: training.tooLong + held.tooLong,
    cut: training.cut + held.cut,
  };
}

async function openNative(options: TrainerOptions, job: TrainJob, total: number): Promise<NativeTrainer> {
  const { rank, alpha, rankStabilized, dropout, targets, seed, learningRate, schedule } = job.settings;
  const { warmupSteps, weightDecay, maxGradNorm, microBatchTokens } = job.settings;
  try {
    return await loadAddon().createTrainer({
      modelPath: options.modelPath,
      device: options.device ?? 'auto',
      threads: threadsOf(options),
      rank,
      alpha,
      rankStabilized,
      dropout,
      targets,
      seed,
      initAdapterPath: job.initAdapterPath ?? '',
      learningRate,
      schedule,
      warmupSteps,
      totalSteps: total,
      weightDecay,
      beta1,
      beta2,
      epsilon,
      maxGradNorm,
      microBatchTokens,
    });
  } catch (error) {
    throw fromNative(error);
  }
}

function threadsOf({ threads = 0 }: TrainerOptions): number {
  return threads > 0 ? threads : os.availableParallelism();
}

class TrainingRun {
  readonly #native: NativeTrainer;
  readonly #job: TrainJob;
  readonly #samples: Samples;
  readonly #total: number;
  readonly #checkpoints: TrainingCheckpoints | null;
  readonly #checkpointSeconds: number;
  #progress: TrainProgress = startOfTraining;
  #savedSteps = 0;
  #savedAt = performance.now();

  constructor(native: NativeTrainer, options: TrainerOptions, job: TrainJob, samples: Samples, total: number) {
    this.#native = native;
    this.#job = job;
    this.#samples = samples;
    this.#total = total;
    this.#checkpointSeconds = options.checkpointSeconds ?? 60;
    const { checkpointDir } = job;
    this.#checkpoints =
      checkpointDir === undefined ? null : new TrainingCheckpoints(checkpointDir, this.#hash(options));
  }

  /** All that happens from the last checkpoint on. A checkpoint is only written when the events before it were taken. */
  async *events(): AsyncGenerator<TrainEvent> {
    await this.#restore();
    let stopped = true;
    try {
      yield* this.#heldOutIfDue();
      while (this.#progress.steps < this.#total) {
        yield await this.#step();
        yield* this.#heldOutIfDue();
        const isLast = this.#progress.steps === this.#total;
        if (isLast || performance.now() - this.#savedAt >= 1000 * this.#checkpointSeconds) await this.#save();
      }
      await this.#writeAdapter();
    } catch (error) {
      stopped = (error as { code?: unknown }).code === 'interrupted';
      throw error;
    } finally {
      // Also where the caller takes no more events. After any other failure the state is not trusted.
      if (stopped) await this.#save();
    }
  }

  summary(): TrainSummary {
    const { training, tooLong, cut } = this.#samples;
    const { steps, tokens, lossTokens, heldOutLossBase, heldOutLossAdapter } = this.#progress;
    return { samples: training.length, tooLong, cut, steps, tokens, lossTokens, heldOutLossBase, heldOutLossAdapter };
  }

  async #restore(): Promise<void> {
    const progress = (await this.#checkpoints?.restore(this.#native)) ?? null;
    if (!progress) return;
    this.#progress = progress;
    this.#savedSteps = progress.steps;
  }

  async #step(): Promise<TrainEvent> {
    if (this.#job.signal?.aborted) throw new IsheepError('interrupted', 'training was interrupted');
    const { training } = this.#samples;
    const { batchSize, seed } = this.#job.settings;
    const batch = batchOfStep(this.#progress.steps, training.length, batchSize, seed).map(
      (i) => training[i] as NativeSample,
    );
    const started = performance.now();
    const { loss, gradNorm, learningRate, tokens, lossTokens } = await this.#native.step(batch);
    const step = this.#progress.steps + 1;
    this.#progress = {
      ...this.#progress,
      steps: step,
      tokens: this.#progress.tokens + tokens,
      lossTokens: this.#progress.lossTokens + lossTokens,
    };
    return {
      kind: 'step',
      of: this.#total,
      step,
      epoch: Number((step / this.#perEpoch()).toFixed(4)),
      loss,
      lr: learningRate,
      grad_norm: gradNorm,
      tokens,
      loss_tokens: lossTokens,
      seconds: Number(((performance.now() - started) / 1000).toFixed(4)),
    };
  }

  /** The held-out loss of the base before the first step, of the adapter after each epoch and at the end. */
  async *#heldOutIfDue(): AsyncGenerator<TrainEvent> {
    const { steps, heldOutSteps } = this.#progress;
    const due = steps % this.#perEpoch() === 0 || steps === this.#total;
    if (!due || heldOutSteps === steps || this.#samples.heldOut.length === 0) return;
    const losses = await this.#native.evaluate(this.#samples.heldOut, steps > 0);
    const tokens = losses.reduce((sum, { lossTokens }) => sum + lossTokens, 0);
    const loss = losses.reduce((sum, sample) => sum + sample.loss, 0) / tokens;
    const measured = steps > 0 ? { heldOutLossAdapter: loss } : { heldOutLossBase: loss };
    this.#progress = { ...this.#progress, ...measured, heldOutSteps: steps };
    yield { kind: 'held-out', step: steps, held_out_loss: loss, held_out_tokens: tokens };
  }

  async #save(): Promise<void> {
    const { steps } = this.#progress;
    if (!this.#checkpoints || steps === this.#savedSteps) return;
    await this.#checkpoints.save(this.#native, this.#progress);
    this.#savedSteps = steps;
    this.#savedAt = performance.now();
  }

  async #writeAdapter(): Promise<void> {
    mkdirSync(path.dirname(path.resolve(this.#job.adapterPath)), { recursive: true });
    await this.#native.saveAdapter(this.#job.adapterPath, this.#job.metadata);
  }

  #perEpoch(): number {
    return stepsPerEpoch(this.#samples.training.length, this.#job.settings.batchSize);
  }

  /** Of all that decides the adapter's numbers, except for the base, which the native checkpoint knows. */
  #hash(options: TrainerOptions): string {
    const { settings, initAdapterPath } = this.#job;
    const content = {
      settings,
      threads: threadsOf(options),
      training: hashSamples(this.#samples.training),
      heldOut: hashSamples(this.#samples.heldOut),
      initAdapter: initAdapterPath === undefined ? null : sha256(readFileSync(initAdapterPath)),
    };
    return sha256(JSON.stringify(content));
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
