// The verb train: an adapter from a file of pairs. The same command continues where it stopped.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

import type { Config } from '../../config/schema.js';
import type { TrainEvent, Trainer, TrainSummary } from '../../engine/engine.js';
import type { ExampleTokenizer } from '../../engine/engine-factory.js';
import { diskError, writeFileAtomically } from '../../shared/atomic-file.js';
import { readJsonLines, toJsonLines } from '../../shared/jsonl.js';
import type { HeldOutStep, Pair, TrainingStep } from '../../shared/rows.js';
import { type InputJoiner, joinedTask } from '../../shared/task-prompt.js';
import { joinerMetadata, train } from '../../stages/train/train.js';
import { hashFile } from '../../store/artifacts.js';
import { templateMetadata } from '../trained-template.js';
import { showSamples, type ShownTraining } from '../training-samples.js';
import { asPair, nonEmpty, pairRowSchema, type PairRow } from './verb.js';

export interface TrainFileJob {
  out: string;
  settings: Config['train'];
  /** What the trainer was told of it: undefined where the model has its own, and is no base then. */
  chatTemplate?: string | undefined;
  inputJoiner: InputJoiner;
  seed: number;
  initAdapter?: string;
  /** Every step and look at the held-out pairs as a JSON line. */
  log?: string;
  checkpointDir?: string;
  checkpointSeconds?: number;
  /** The base; its sha256 goes into the adapter. */
  modelPath: string;
}

export interface TrainFileResult extends TrainSummary {
  adapter: string;
  /** Training loss of this process's first and last step; null where every step was done before. */
  firstLoss: number | null;
  lastLoss: number | null;
  seconds: number;
}

/** A response of nothing but white space is nothing to train on. */
const trainPairSchema = pairRowSchema.safeExtend({
  response: z.string().refine((text) => text.trim() !== '', 'must not be empty'),
});

/** Pairs to train on. Throws `bad-input` that names every bad line, those without a response among them. */
export function readTrainPairs(file: string): PairRow[] {
  return nonEmpty(readJsonLines(file, trainPairSchema), file);
}

/** What a training of these pairs would see. */
export function showPairs(
  pairs: readonly PairRow[],
  { train: settings, seed, inputJoiner }: Config,
  tokenizer: ExampleTokenizer,
  limit: number,
): ShownTraining {
  return showSamples({ dataset: joinedPairs(pairs, inputJoiner), iteration: 0, seed, settings }, tokenizer, limit);
}

export async function trainFile(
  job: TrainFileJob,
  pairs: readonly PairRow[],
  trainer: Trainer,
  call: { onEvent?: (event: TrainEvent) => void; signal?: AbortSignal } = {},
): Promise<TrainFileResult> {
  const started = performance.now();
  const log = createTrainingLog(job.log);
  const losses: number[] = [];
  const events = train(
    {
      dataset: joinedPairs(pairs, job.inputJoiner),
      iteration: 0,
      seed: job.seed,
      settings: job.settings,
      isBase: job.chatTemplate !== undefined,
      adapterPath: job.out,
      metadata: {
        'isheep.base.sha256': hashFile(job.modelPath),
        ...joinerMetadata(job.inputJoiner),
        ...templateMetadata(job.chatTemplate),
      },
      ...(job.initAdapter === undefined ? {} : { initAdapterPath: job.initAdapter }),
      ...(job.checkpointDir === undefined ? {} : { checkpointDir: job.checkpointDir }),
      ...(job.checkpointSeconds === undefined ? {} : { checkpointSeconds: job.checkpointSeconds }),
      ...(call.signal ? { signal: call.signal } : {}),
    },
    trainer,
  );
  for (;;) {
    const next = await events.next();
    if (next.done === true) {
      const seconds = (performance.now() - started) / 1000;
      return {
        ...next.value,
        adapter: job.out,
        firstLoss: losses[0] ?? null,
        lastLoss: losses.at(-1) ?? null,
        seconds,
      };
    }
    log(next.value);
    if (next.value.kind === 'step') losses.push(next.value.loss);
    call.onEvent?.(next.value);
  }
}

/** The pairs as they are trained on. */
export function joinedPairs(pairs: readonly PairRow[], joiner: InputJoiner): Pair[] {
  return pairs.map((row) => joinedTask(asPair(row), joiner));
}

type LoggedEvent = Exclude<TrainEvent, { kind: 'samples' | 'measuring' }>;

/** Writes each step and each look at the held-out pairs as a line of contract.md's form. A training that continues keeps the lines of the steps before. */
export function createTrainingLog(file: string | undefined): (event: TrainEvent) => void {
  if (file === undefined) return () => undefined;
  let continued = false;
  return (event) => {
    if (event.kind === 'samples' || event.kind === 'measuring') return;
    if (!continued) writeFileAtomically(file, toJsonLines(earlierRows(file, event)));
    continued = true;
    appendRow(file, logRow(event));
  };
}

/** A line more in a log. Throws `not-enough-disk` where there is no room. */
export function appendRow(file: string, row: object): void {
  try {
    appendFileSync(file, toJsonLines([row]));
  } catch (error) {
    throw diskError(error, file);
  }
}

/** What a log holds of the steps before `first`. A line that a kill cut short is dropped; its step is made again. */
function earlierRows(file: string, first: LoggedEvent): object[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const row = parseLogRow(line);
      if (!row) return [];
      const isLater = first.kind === 'step' || 'held_out_loss' in row ? row.step >= first.step : row.step > first.step;
      return isLater ? [] : [row];
    });
}

function parseLogRow(line: string): { step: number } | undefined {
  try {
    return z.looseObject({ step: z.number() }).safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function logRow(event: LoggedEvent): TrainingStep | HeldOutStep {
  if (event.kind === 'held-out') {
    const { step, held_out_loss, held_out_tokens } = event;
    return { step, held_out_loss, held_out_tokens };
  }
  const { step, epoch, loss, lr, grad_norm, tokens, loss_tokens, seconds } = event;
  return { step, epoch, loss, lr, grad_norm, tokens, loss_tokens, seconds };
}
