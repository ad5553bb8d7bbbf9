// The verb train: an adapter from a file of pairs. The same command continues where it stopped.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

import type { Config } from '../../config/schema.js';
import type { TrainEvent, Trainer, TrainSummary } from '../../engine/engine.js';
import { diskError, writeFileAtomically } from '../../shared/atomic-file.js';
import { toJsonLines } from '../../shared/jsonl.js';
import type { HeldOutStep, TrainingStep } from '../../shared/rows.js';
import { train } from '../../stages/train/train.js';
import { asPair, type PairRow } from './verb.js';

export interface TrainFileJob {
  out: string;
  settings: Config['train'];
  seed: number;
  initAdapter?: string;
  /** Every event as a JSON line. */
  log?: string;
  checkpointDir?: string;
  metadata: Readonly<Record<string, string>>;
}

export interface TrainFileResult extends TrainSummary {
  adapter: string;
  /** Training loss of this process's first and last step; null where every step was done before. */
  firstLoss: number | null;
  lastLoss: number | null;
  seconds: number;
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
      dataset: pairs.map(asPair),
      iteration: 0,
      seed: job.seed,
      settings: job.settings,
      adapterPath: job.out,
      metadata: job.metadata,
      ...(job.initAdapter === undefined ? {} : { initAdapterPath: job.initAdapter }),
      ...(job.checkpointDir === undefined ? {} : { checkpointDir: job.checkpointDir }),
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

/** Writes each event as a line of contract.md's form. A training that continues keeps the lines of the steps before. */
export function createTrainingLog(file: string | undefined): (event: TrainEvent) => void {
  if (file === undefined) return () => undefined;
  let continued = false;
  return (event) => {
    if (!continued) writeFileAtomically(file, toJsonLines(earlierRows(file, event)));
    continued = true;
    try {
      appendFileSync(file, toJsonLines([logRow(event)]));
    } catch (error) {
      throw diskError(error, file);
    }
  };
}

/** What a log holds of the steps before `first`. A line that a kill cut short is dropped; its step is made again. */
function earlierRows(file: string, first: TrainEvent): object[] {
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

function logRow(event: TrainEvent): TrainingStep | HeldOutStep {
  if (event.kind === 'held-out') {
    const { step, held_out_loss, held_out_tokens } = event;
    return { step, held_out_loss, held_out_tokens };
  }
  const { step, epoch, loss, lr, grad_norm, tokens, loss_tokens, seconds } = event;
  return { step, epoch, loss, lr, grad_norm, tokens, loss_tokens, seconds };
}
