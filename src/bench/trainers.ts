// The trainers that are measured, each in a process of its own, in turns: the machine's speed drifts, so only figures of
// one run can be compared.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';

import { IsheepError } from '../shared/errors.js';
import { packageRoot } from '../shared/package-root.js';
import { runJob, runOwnJob } from './child.js';
import { type Figure, figure } from './figure.js';
import type { BenchmarkSettings } from './options.js';
import type { TrainJobFile, TrainMeasurement } from './train-job.js';

export interface Peer {
  /** Names what was measured, its versions included. */
  label: string;
  python: string;
}

const measurementSchema = z.object({
  tokens: z.number().positive(),
  seconds: z.number().positive(),
  peakMib: z.number().positive(),
  losses: z.array(z.number()),
  forecastMib: z.number().optional(),
  copiedWeights: z.string().optional(),
  secondsByPart: z.record(z.string(), z.number()).optional(),
});

/** The peer that `settings` ask for, tried; undefined where none is asked for. Throws `bad-config` where it is not there. */
export function findPeer({ peer, python }: BenchmarkSettings): Peer | undefined {
  if (peer === '') return undefined;
  const program = 'import torch, transformers, peft, gguf; print("PEFT", peft.__version__, "torch", torch.__version__)';
  const { status, stdout, stderr, error } = spawnSync(python, ['-c', program], { encoding: 'utf8' });
  if (status === 0) return { label: `${stdout.trim()}, bf16, batch 1`, python };
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  throw new IsheepError('bad-config', `the peer peft cannot be run by ${python}: ${why}`, {
    hint: 'name a Python that has torch, transformers, peft and gguf with --python FILE or ISHEEP_PYTHON',
  });
}

/** Ours and the peer, `rounds` times in turns on the same job; the medians as figures. `label` goes behind the metric. */
export function* measureInTurns(
  name: string,
  job: TrainJobFile,
  settings: BenchmarkSettings,
  peer: Peer | undefined,
  label = '',
): Generator<Figure> {
  const ours: TrainMeasurement[] = [];
  const theirs: TrainMeasurement[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    ours.push(measureOurs(job));
    if (!peer) continue;
    const other = runTrainer(job, peer.python, [path.join(packageRoot, 'scripts', 'bench', 'peft-train.py')]);
    if (typeof other === 'string') process.stderr.write(`${peer.label}${label} gave no figure: ${other}\n`);
    else theirs.push(other);
  }
  const beside = (value: (one: TrainMeasurement) => number) =>
    peer && theirs.length > 0 ? { peer: peer.label, value: median(theirs.map(value)) } : undefined;
  const speed = ({ tokens, seconds }: TrainMeasurement) => tokens / seconds;
  const memory = ({ peakMib }: TrainMeasurement) => peakMib;
  yield figure(name, `tokens of whole steps${label}`, median(ours.map(speed)), 'tokens/s', beside(speed));
  yield figure(name, `peak resident memory${label}`, median(ours.map(memory)), 'MiB', beside(memory));
  const last = ours.at(-1);
  if (last?.forecastMib) {
    const copied = `copied weights: ${last.copiedWeights ?? ''}`;
    yield figure(name, `forecast of that memory (${copied})${label}`, last.forecastMib, 'MiB');
  }
  for (const [part, seconds] of Object.entries(last?.secondsByPart ?? {})) {
    yield figure(name, `share of time: ${part}${label}`, (100 * seconds) / (last?.seconds ?? NaN), '%');
  }
}

/** Our trainer once, in a process of its own. Throws `native-failure` where it gives nothing. */
export function measureOurs(job: TrainJobFile): TrainMeasurement {
  const run = runOwnJob(job, 'train-child');
  if (typeof run !== 'string') return measurementSchema.parse(run.measured);
  throw new IsheepError('native-failure', `the measured training failed: ${run}`);
}

/** What a trainer measured, or why it gave nothing. */
export function runTrainer(job: TrainJobFile, program: string, words: readonly string[]): TrainMeasurement | string {
  const run = runJob(job, program, words);
  return typeof run === 'string' ? run : measurementSchema.parse(run.measured);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
