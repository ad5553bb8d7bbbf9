// The verb train with --method full: llama.cpp's own finetune of a float model, on the text of pairs.
import type { Config } from '../../config/schema.js';
import {
  type FullTrainerOptions,
  type FullTrainEvent,
  type FullTrainSummary,
  trainInFull,
} from '../../engine/full-trainer.js';
import { writeFileAtomically } from '../../shared/atomic-file.js';
import { splitHeldOut, trainingExample } from '../../stages/train/train.js';
import type { InputJoiner } from '../../shared/task-prompt.js';
import { appendRow, joinedPairs } from './train.js';
import type { PairRow } from './verb.js';

/** The settings of `train` that the method reads; the others mean nothing to it. */
export const fullSettings: readonly string[] = [
  ...['epochs', 'learningRate', 'schedule', 'warmupSteps', 'weightDecay', 'validation', 'maxLength'],
  'microBatchTokens',
];

/** Where none is set: all weights at once bear far less than an adapter's. */
const usualLearningRate = 1e-5;

export interface TrainFullJob {
  out: string;
  settings: Config['train'];
  inputJoiner: InputJoiner;
  seed: number;
  log?: string;
}

export interface TrainFullResult extends FullTrainSummary {
  model: string;
  firstLoss: number | null;
  lastLoss: number | null;
  seconds: number;
}

export async function trainFullFile(
  job: TrainFullJob,
  pairs: readonly PairRow[],
  engine: FullTrainerOptions,
  call: { onEvent?: (event: FullTrainEvent) => void; signal?: AbortSignal } = {},
): Promise<TrainFullResult> {
  const started = performance.now();
  const { training, heldOut } = splitHeldOut(joinedPairs(pairs, job.inputJoiner), job.settings.validation, job.seed, 0);
  const log = startLog(job.log);
  const losses: number[] = [];
  const events = trainInFull(engine, {
    examples: training.map(trainingExample),
    heldOut: heldOut.map(trainingExample),
    settings: { ...job.settings, learningRate: job.settings.learningRate ?? usualLearningRate, seed: job.seed },
    outPath: job.out,
    ...(call.signal ? { signal: call.signal } : {}),
  });
  for (;;) {
    const next = await events.next();
    if (next.done === true) {
      const seconds = (performance.now() - started) / 1000;
      const [firstLoss = null, lastLoss = null] = [losses[0], losses.at(-1)];
      return { ...next.value, model: job.out, firstLoss, lastLoss, seconds };
    }
    log(next.value);
    if (next.value.kind === 'step') losses.push(next.value.loss);
    call.onEvent?.(next.value);
  }
}

/** A line for each event; what the file held of an earlier training goes, since none is continued. */
function startLog(file: string | undefined): (event: FullTrainEvent) => void {
  if (file === undefined) return () => undefined;
  writeFileAtomically(file, '');
  return (event) => {
    const hidden = new Set(['kind', 'of']);
    appendRow(file, Object.fromEntries(Object.entries(event).filter(([name]) => !hidden.has(name))));
  };
}
