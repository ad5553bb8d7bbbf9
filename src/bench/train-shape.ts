// What training a published shape takes, whose model need not be there: random weights in the types of Q4_K_M, two models
// with a few of its layers measured, the whole forecast from them. A step is one sample of random tokens, half of it
// response. With --whole yes the whole shape is measured, too, beside the forecast.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { IsheepError } from '../shared/errors.js';
import { randomStream } from '../shared/random.js';
import { type Figure, figure } from './figure.js';
import type { BenchmarkSettings } from './options.js';
import { modelBytes, writeRandomModel } from './random-model.js';
import { forecastMemory, forecastTime, type ShapeMeasurement } from './shape-forecast.js';
import { fewLayers, type LayerKind, type Shape, shapes, wholeLayers } from './shapes.js';
import { threadsOf } from './train.js';
import { type TrainJobFile, type TrainMeasurement, trainJob } from './train-job.js';
import { measureOurs, median } from './trainers.js';

const MiB = 1024 * 1024;
const label = 'train-shape';

type CopiedWeights = Exclude<BenchmarkSettings['copiedWeights'], 'auto'>;

interface ModelFile {
  path: string;
  layers: number;
  fileMib: number;
}

/** `auto` copied weights are each of the choices: which one a machine takes depends on its memory. */
const eachChoice = ['none', 'transposed', 'all'] as const;

export async function* benchTrainShape(given: BenchmarkSettings): AsyncGenerator<Figure> {
  const activations = given.activations === 'auto' ? 'recompute' : given.activations;
  const settings = { ...given, activations };
  const shape: Shape = shapes[settings.shape];
  const whole = wholeLayers(shape);
  const fileMib = modelBytes(shape, whole) / MiB;
  yield figure(label, `file in Q4_K_M, ${settings.shape}, ${shape.layers} layers`, fileMib, 'MiB');
  const signals = new Signals();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-shape-'));
  try {
    const models = settings.layers.map((n) => writeModel(folder, shape, fewLayers(n)));
    if (settings.whole === 'yes') models.push(writeModel(folder, shape, whole));
    const choices = settings.copiedWeights === 'auto' ? eachChoice : [settings.copiedWeights];
    for (const copiedWeights of choices) {
      const measured = await measureModels(models, shape, { ...settings, copiedWeights }, signals);
      yield* figuresOf(measured, { layers: shape.layers, fileMib }, copiedWeights, settings);
    }
  } finally {
    signals.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Keeps an interruption from ending this process before its models, which may be gigabytes, are removed. */
class Signals {
  #received = false;
  readonly #note = () => {
    this.#received = true;
  };

  constructor() {
    process.on('SIGINT', this.#note).on('SIGTERM', this.#note);
  }

  /** Throws `interrupted` where a signal has come: it waits for as long as a child is measured. */
  async check(): Promise<void> {
    await setImmediate();
    if (this.#received) throw new IsheepError('interrupted', 'the benchmark was interrupted');
  }

  dispose(): void {
    process.off('SIGINT', this.#note).off('SIGTERM', this.#note);
  }
}

function writeModel(folder: string, shape: Shape, layers: readonly LayerKind[]): ModelFile {
  const file = path.join(folder, `${layers.length}-layers.gguf`);
  writeRandomModel(file, shape, layers);
  return { path: file, layers: layers.length, fileMib: modelBytes(shape, layers) / MiB };
}

/** The models in turns, since a machine's speed drifts; medians. */
async function measureModels(
  models: readonly ModelFile[],
  shape: Shape,
  settings: BenchmarkSettings,
  signals: Signals,
): Promise<ShapeMeasurement[]> {
  const { length, rounds } = settings;
  const steps = Array.from({ length: settings.steps + 1 }, (_, i) => stepOf(length, shape.vocabulary, i));
  const rows: TrainMeasurement[][] = [];
  for (let round = 0; round < rounds; round++) {
    const row: TrainMeasurement[] = [];
    for (const { path: model } of models) {
      await signals.check();
      const own = { ...settings, model, microBatchTokens: length };
      row.push(measureOurs(trainJob(own, threadsOf(settings), steps)));
    }
    rows.push(row);
  }
  return models.map(({ layers, fileMib }, i) => {
    const ofModel = rows.flatMap((row) => row[i] ?? []);
    return {
      layers,
      fileMib,
      seconds: median(ofModel.map(({ seconds }) => seconds / settings.steps)),
      forecastMib: median(ofModel.map(({ forecastMib }) => forecastMib ?? NaN)),
      peakMib: median(ofModel.map(({ peakMib }) => peakMib)),
    };
  });
}

function* figuresOf(
  [few, more, whole]: readonly ShapeMeasurement[],
  size: Pick<ShapeMeasurement, 'layers' | 'fileMib'>,
  copiedWeights: CopiedWeights,
  { shape, length, activations }: BenchmarkSettings,
): Generator<Figure> {
  if (!few || !more) throw new Error('two models are measured');
  const of = `${shape}, length ${length}, copied weights: ${copiedWeights}, activations: ${activations}`;
  const beside = (value: (one: ShapeMeasurement) => number) =>
    whole && { peer: 'the whole shape, measured', value: value(whole) };
  const { forecastMib, peakMib } = forecastMemory(few, more, size);
  const planned = beside((one) => one.forecastMib);
  yield figure(label, `the trainer's forecast of memory, ${of}`, forecastMib, 'MiB', planned);
  yield figure(
    label,
    `peak resident memory, ${of}`,
    peakMib,
    'MiB',
    beside((one) => one.peakMib),
  );
  const time = forecastTime(few, more, size.layers);
  if (typeof time === 'string') {
    process.stderr.write(
      `${of} gave no speed: ${time}; stop other work, raise --steps or take --layers further apart\n`,
    );
    return;
  }
  yield figure(label, `time of a layer, ${of}`, time.layerSeconds, 's');
  yield figure(label, `time of a step without its layers, ${of}`, time.restSeconds, 's');
  const measured = beside(({ seconds }) => length / seconds);
  yield figure(label, `tokens of whole steps, ${of}`, length / time.stepSeconds, 'tokens/s', measured);
}

/** One sample. */
function stepOf(length: number, vocabulary: number, seed: number): TrainJobFile['steps'][number] {
  const random = randomStream(seed);
  const tokens = Array.from({ length }, () => Math.floor(random() * vocabulary));
  return [{ tokens, context: Math.floor(length / 2) }];
}
