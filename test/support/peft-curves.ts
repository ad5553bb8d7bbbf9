// Trainings that are done twice, by our trainer and by PEFT: the same base, initial adapter, samples in the same order and
// settings. What PEFT gave lies in test/native/oracles/; write-peft-curves.ts made it.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { loadModel } from '../../src/engine/model.js';
import { tokenizeExamples } from '../../src/engine/training-data.js';
import { loadAddon } from '../../src/native/load-addon.js';
import type { NativeTrainerOptions } from '../../src/native/addon-types.js';
import { randomStream } from '../../src/shared/random.js';
import { readFloatTensors } from './gguf-reader.js';
import { writeGguf } from './gguf-writer.js';
import { tinyModel } from './tiny-model.js';
import { nativeOptions } from './training.js';

export type CurveSettings = Pick<
  NativeTrainerOptions,
  | 'rank'
  | 'alpha'
  | 'rankStabilized'
  | 'targets'
  | 'learningRate'
  | 'schedule'
  | 'warmupSteps'
  | 'totalSteps'
  | 'weightDecay'
  | 'maxGradNorm'
>;

export interface CurveSample {
  tokens: number[];
  context: number;
}

/** What peft-training.py reads. */
export interface CurveJob {
  model: string;
  /** The initial adapter, a file. */
  adapter: string;
  settings: CurveSettings;
  steps: CurveSample[][];
}

export interface Curve {
  losses: number[];
  gradientNorms: number[];
  /** L2 norms of the final A and B matrices by tensor name. */
  adapterNorms: Record<string, number>;
}

/** A curve as it is stored; `job` is a hash of all that decides it but the base's numbers. */
export interface StoredCurve extends Curve {
  job: string;
}

interface Shape {
  layers: number;
  width: number;
  feedForward: number;
  kvWidth: number;
}

const all = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
const base = { alpha: 8, rank: 4, rankStabilized: false, targets: all, warmupSteps: 5, totalSteps: 50 };

/** By name; each differs from the others in what a mistake could hide in. */
export const tinyCurves: Readonly<Record<string, CurveSettings>> = {
  'cosine, clipped, decay': { ...base, learningRate: 5e-3, schedule: 'cosine', weightDecay: 0.1, maxGradNorm: 0.5 },
  'linear, rank-stabilized, q and v': {
    ...base,
    targets: ['q', 'v'],
    rankStabilized: true,
    learningRate: 1e-2,
    schedule: 'linear',
    weightDecay: 0,
    maxGradNorm: 0,
  },
  'constant, no warm-up': {
    ...base,
    rank: 8,
    warmupSteps: 0,
    learningRate: 2e-3,
    schedule: 'constant',
    weightDecay: 0.01,
    maxGradNorm: 1,
  },
};

/** 50 steps of three samples of very different lengths on a tiny F32 model. */
export function tinyJob(name: string, folder: string): CurveJob {
  const settings = tinyCurves[name];
  if (!settings) throw new Error(`no curve ${name}`);
  const adapter = path.join(folder, `${name.replace(/\W+/g, '-')}.gguf`);
  writeInitialAdapter(adapter, { layers: 2, width: 64, feedForward: 96, kvWidth: 32 }, settings);
  const random = randomStream(7);
  const length = [12, 60, 33];
  const steps = Array.from({ length: settings.totalSteps }, () =>
    length.map((n) => ({
      // Text-like repetition: something that can be learned.
      tokens: Array.from({ length: n }, (_, i) => 97 + ((i * 3 + Math.floor(random() * 2)) % 26)),
      context: 4 + Math.floor(random() * 6),
    })),
  );
  return { model: tinyModel(), adapter, settings, steps };
}

const realShape: Shape = { layers: 30, width: 576, feedForward: 1536, kvWidth: 192 };

/** 50 steps of two published pairs each on SmolLM2-135M; `model` is any float or quantized file of it. */
export async function realJob(model: string, data: string, folder: string): Promise<CurveJob> {
  const settings: CurveSettings = {
    ...{ rank: 8, alpha: 16, rankStabilized: false, targets: all },
    ...{ learningRate: 2e-4, schedule: 'cosine', warmupSteps: 5, totalSteps: 50, weightDecay: 0.01, maxGradNorm: 1 },
  };
  const rows = JSON.parse(readFileSync(data, 'utf8')) as { instruction: string; input: string; output: string }[];
  const vocabulary = await loadModel({ path: model, vocabularyOnly: true });
  const examples = rows.map(({ instruction, input, output }, i) => ({
    id: String(i),
    messages: [{ role: 'user' as const, content: input === '' ? instruction : `${instruction}\n${input}` }],
    response: output,
  }));
  const { samples } = tokenizeExamples(examples, (example) => vocabulary.exampleTokens(example), 160);
  await vocabulary.dispose();
  const adapter = path.join(folder, 'initial.gguf');
  writeInitialAdapter(adapter, realShape, settings);
  const taken = samples.slice(0, 100).map(({ tokens, context }) => ({ tokens: [...tokens], context }));
  if (taken.length < 100) throw new Error(`${data} gives ${taken.length} samples; 100 are needed`);
  const steps = Array.from({ length: 50 }, (_, i) => taken.slice(2 * i, 2 * i + 2));
  return { model, adapter, settings, steps };
}

/** A hash of settings, samples and initial adapter: a stored curve belongs to this job or to another. */
export function hashOf({ settings, steps, adapter }: CurveJob): string {
  const hash = createHash('sha256').update(JSON.stringify({ settings, steps }));
  return hash.update(readFileSync(adapter)).digest('hex').slice(0, 16);
}

/** Our own training of a job. */
export async function ourCurve(job: CurveJob, threads: number): Promise<Curve> {
  const options = { ...job.settings, dropout: 0, threads, initAdapterPath: job.adapter };
  const trainer = await loadAddon().createTrainer(nativeOptions(job.model, options));
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-curve-'));
  try {
    const curve: Curve = { losses: [], gradientNorms: [], adapterNorms: {} };
    for (const step of job.steps) {
      const samples = step.map(({ tokens, context }) => ({ tokens: Int32Array.from(tokens), context }));
      const { loss, gradNorm } = await trainer.step(samples);
      curve.losses.push(loss);
      curve.gradientNorms.push(gradNorm);
    }
    const file = path.join(folder, 'adapter.gguf');
    await trainer.saveAdapter(file, {}, false);
    for (const [name, values] of readFloatTensors(file)) curve.adapterNorms[name] = Math.hypot(...chunkNorms(values));
    return curve;
  } finally {
    await trainer.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Math.hypot takes arguments, of which there may be some ten thousand at most. */
function chunkNorms(values: Float32Array): number[] {
  const norms: number[] = [];
  for (let i = 0; i < values.length; i += 1024) norms.push(Math.hypot(...values.subarray(i, i + 1024)));
  return norms;
}

/** The largest relative difference of two lists. */
export function largestDifference(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} numbers against ${theirs.length}`);
  return Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] ?? NaN)) / Math.abs(theirs[i] ?? NaN)));
}

/** A as PEFT starts it, B small instead of zero, so that A has a gradient from the first step on. */
function writeInitialAdapter(file: string, shape: Shape, settings: CurveSettings): void {
  const random = randomStream(11);
  const uniform = (count: number, bound: number) =>
    Float32Array.from({ length: count }, () => (2 * random() - 1) * bound);
  const { width, feedForward, kvWidth } = shape;
  const matrices: Readonly<Record<string, readonly [string, number, number]>> = {
    q: ['attn_q', width, width],
    k: ['attn_k', width, kvWidth],
    v: ['attn_v', width, kvWidth],
    o: ['attn_output', width, width],
    gate: ['ffn_gate', width, feedForward],
    up: ['ffn_up', width, feedForward],
    down: ['ffn_down', feedForward, width],
  };
  const { rank, alpha, rankStabilized, targets } = settings;
  const tensors = Array.from({ length: shape.layers }, (_, layer) =>
    targets.flatMap((target) => {
      const [name, inputs, outputs] = matrices[target] ?? ['', 0, 0];
      const a = { name: `blk.${layer}.${name}.weight.lora_a`, shape: [inputs, rank] };
      const b = { name: `blk.${layer}.${name}.weight.lora_b`, shape: [rank, outputs] };
      return [
        { ...a, values: uniform(inputs * rank, 1 / Math.sqrt(inputs)) },
        { ...b, values: uniform(outputs * rank, 0.01) },
      ];
    }),
  );
  const keys = {
    'general.type': { type: 'string', value: 'adapter' },
    'general.architecture': { type: 'string', value: 'llama' },
    'adapter.type': { type: 'string', value: 'lora' },
    'adapter.lora.alpha': { type: 'float32', value: rankStabilized ? alpha * Math.sqrt(rank) : alpha },
  } as const;
  writeGguf(file, keys, tensors.flat());
}
