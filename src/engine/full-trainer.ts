// llama.cpp's own finetune of a whole float model: one text out of all examples, cut into blocks, an optimizer step a block.
// The loss is on every token, context too: its interface has no mask. Nothing is kept of an interrupted training.
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import type { NativeFullTrainer } from '../native/addon-full-trainer-types.js';
import { loadAddon } from '../native/load-addon.js';
import { fromNative, IsheepError } from '../shared/errors.js';
import { refuseReplacing } from '../shared/writable.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../shared/random.js';
import type { TrainingExample } from './engine.js';
import { resolveModel } from './known-models.js';
import { freeBytes } from './memory.js';
import { loadModel } from './model.js';
import { threadCount } from './thread-count.js';
import { wantedTokens } from './training-data.js';

export interface FullTrainerOptions {
  /** A known name or a path. */
  model: string;
  device: string;
  /** 0: as many as the machine has cores. */
  threads: number;
  chatTemplate?: string;
}

export interface FullTrainSettings {
  /** Tokens of a block, a multiple of 256. */
  maxLength: number;
  /** At most so many tokens are computed at once: the largest part of a block that is not above it. */
  microBatchTokens: number;
  epochs: number;
  learningRate: number;
  schedule: 'cosine' | 'linear' | 'constant';
  warmupSteps: number;
  /** 0 to 1. */
  weightDecay: number;
  seed: number;
}

export interface FullTrainJob {
  examples: readonly TrainingExample[];
  heldOut: readonly TrainingExample[];
  settings: FullTrainSettings;
  outPath: string;
  signal?: AbortSignal;
}

/** The rows of a training log; llama.cpp does not tell the gradient's norm. */
export type FullTrainEvent =
  | {
      kind: 'step';
      of: number;
      step: number;
      epoch: number;
      loss: number;
      lr: number;
      grad_norm: null;
      tokens: number;
      loss_tokens: number;
      seconds: number;
    }
  | { kind: 'held-out'; step: number; held_out_loss: number; held_out_tokens: number };

export interface FullTrainSummary {
  blocks: number;
  steps: number;
  tokens: number;
  /** At the end of the text, too few for a block: not trained on. */
  leftOver: number;
  heldOutLossBase: number | null;
  heldOutLossTrained: number | null;
}

/** llama.cpp pads its contexts to this. */
const shortestBlock = 256;

interface Text {
  blocks: Int32Array[];
  leftOver: number;
}

/** Writes the trained model to `outPath` at the end, whole or not at all. Throws `unsupported-model` for a model that is
 *  not F32 or of an architecture that llama.cpp cannot train, `not-enough-memory`, `nothing-usable`, `bad-config`. */
export async function* trainInFull(
  options: FullTrainerOptions,
  job: FullTrainJob,
): AsyncGenerator<FullTrainEvent, FullTrainSummary> {
  checkSettings(job.settings);
  refuseReplacing(job.outPath, resolveModel(options.model));
  let native: NativeFullTrainer | undefined;
  try {
    const { training, heldOut } = await readTexts(options, job);
    const total = Math.ceil(job.settings.epochs * training.blocks.length);
    native = await openNative(options, job.settings, total);
    return yield* trainBlocks(native, job, training, heldOut, total);
  } catch (error) {
    throw fromNative(error);
  } finally {
    await native?.dispose();
  }
}

async function* trainBlocks(
  native: NativeFullTrainer,
  job: FullTrainJob,
  training: Text,
  heldOut: Text,
  total: number,
): AsyncGenerator<FullTrainEvent, FullTrainSummary> {
  const perEpoch = training.blocks.length;
  const { seed, maxLength } = job.settings;
  const losses = { base: await heldOutLoss(native, heldOut, job.signal), trained: null as number | null };
  if (losses.base !== null) yield heldOutEvent(0, losses.base, heldOut, maxLength);
  for (let step = 1; step <= total; step++) {
    refuseInterrupted(job.signal);
    const block = training.blocks[blockOfStep(step - 1, perEpoch, seed)] as Int32Array;
    const started = performance.now();
    const { loss, learningRate } = await native.step(block);
    const seconds = Number(((performance.now() - started) / 1000).toFixed(4));
    const counts = { tokens: maxLength, loss_tokens: maxLength };
    const epoch = Number((step / perEpoch).toFixed(4));
    yield { kind: 'step', of: total, step, epoch, loss, lr: learningRate, grad_norm: null, ...counts, seconds };
    if (step % perEpoch !== 0 && step !== total) continue;
    losses.trained = await heldOutLoss(native, heldOut, job.signal);
    if (losses.trained !== null) yield heldOutEvent(step, losses.trained, heldOut, maxLength);
  }
  mkdirSync(path.dirname(path.resolve(job.outPath)), { recursive: true });
  await native.save(job.outPath);
  return {
    ...{ blocks: perEpoch, steps: total, tokens: total * maxLength, leftOver: training.leftOver },
    ...{ heldOutLossBase: losses.base, heldOutLossTrained: losses.trained },
  };
}

async function readTexts(options: FullTrainerOptions, job: FullTrainJob): Promise<{ training: Text; heldOut: Text }> {
  const { device, threads, chatTemplate } = options;
  const vocabulary = await loadModel({
    ...{ path: resolveModel(options.model), device, threads, vocabularyOnly: true },
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
  });
  const { maxLength } = job.settings;
  try {
    const textOf = (examples: readonly TrainingExample[], what: string) => {
      const tokenize = vocabulary.exampleTokens.bind(vocabulary);
      const tokens = examples.flatMap((example) => [...wantedTokens(example, tokenize).tokens]);
      return cutIntoBlocks(tokens, maxLength, examples.length === 0 ? undefined : what);
    };
    return { training: textOf(job.examples, 'the pairs'), heldOut: textOf(job.heldOut, 'the held-out pairs') };
  } finally {
    await vocabulary.dispose();
  }
}

/** Blocks of `length` + 1 tokens; the last of one is the first of the next, where it is context. */
function cutIntoBlocks(tokens: readonly number[], length: number, what: string | undefined): Text {
  const count = Math.floor((tokens.length - 1) / length);
  if (count < 1 && what !== undefined) {
    throw new IsheepError(
      'nothing-usable',
      `${what} have ${tokens.length} tokens in all, and a block needs ${length + 1}`,
      {
        hint: `${length > shortestBlock ? 'lower --max-length, ' : ''}give more pairs, or hold none out with --validation 0`,
      },
    );
  }
  const blocks = Array.from({ length: Math.max(0, count) }, (_, i) =>
    Int32Array.from(tokens.slice(i * length, (i + 1) * length + 1)),
  );
  return { blocks, leftOver: tokens.length - (count > 0 ? count * length + 1 : 0) };
}

/** Each epoch is a new order of all blocks, given by the seed. */
function blockOfStep(step: number, perEpoch: number, seed: number): number {
  const indices = Array.from({ length: perEpoch }, (_, i) => i);
  const epoch = Math.floor(step / perEpoch);
  const order = sampleWithoutReplacement(indices, perEpoch, randomStream(deriveSeed(seed, 'epoch', epoch)));
  return order[step % perEpoch] as number;
}

async function heldOutLoss(
  native: NativeFullTrainer,
  { blocks }: Text,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  if (blocks.length === 0) return null;
  let sum = 0;
  for (const block of blocks) {
    refuseInterrupted(signal);
    sum += (await native.evaluate(block)).loss;
  }
  return sum / blocks.length;
}

function heldOutEvent(step: number, loss: number, { blocks }: Text, length: number): FullTrainEvent {
  return { kind: 'held-out', step, held_out_loss: loss, held_out_tokens: blocks.length * length };
}

function openNative(
  options: FullTrainerOptions,
  settings: FullTrainSettings,
  totalSteps: number,
): Promise<NativeFullTrainer> {
  const { learningRate, schedule, warmupSteps, weightDecay, maxLength } = settings;
  let microBatchTokens = Math.min(settings.microBatchTokens, maxLength);
  while (maxLength % microBatchTokens !== 0) microBatchTokens--;
  return loadAddon().createFullTrainer({
    modelPath: resolveModel(options.model),
    device: options.device,
    threads: threadCount(options.threads),
    ...{ blockTokens: maxLength, microBatchTokens, totalSteps, freeHostBytes: freeBytes() },
    ...{ learningRate, schedule, warmupSteps, weightDecay, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  });
}

function checkSettings({ maxLength, weightDecay, epochs, microBatchTokens }: FullTrainSettings): void {
  const problems: string[] = [];
  if (!Number.isInteger(maxLength) || maxLength < shortestBlock || maxLength % shortestBlock !== 0) {
    problems.push(`with --method full the maximum length must be a multiple of ${shortestBlock}; it is ${maxLength}`);
  }
  if (!(weightDecay >= 0 && weightDecay <= 1)) {
    problems.push(`with --method full the weight decay must be from 0 to 1; it is ${weightDecay}`);
  }
  if (!(epochs > 0)) problems.push(`epochs must be a number above 0; it is ${epochs}`);
  if (!(microBatchTokens >= 1)) problems.push(`microBatchTokens must be from 1; it is ${microBatchTokens}`);
  if (problems.length > 0) throw new IsheepError('bad-config', problems.join('; '));
}

function refuseInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new IsheepError('interrupted', 'training in full was interrupted; nothing of it is kept', {
    hint: "llama.cpp's optimizer cannot be saved: the same command starts again",
  });
}
