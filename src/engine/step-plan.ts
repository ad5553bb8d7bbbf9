// Which samples each optimizer step sees, and how many steps a training has. All of it follows from the number of samples,
// their lengths, the settings and the seed, so it is known before the first step and the same after a resume.
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../shared/random.js';
import type { TrainerSettings } from './engine.js';

export type StepSettings = Pick<
  TrainerSettings,
  'batchSize' | 'batchTokens' | 'accumulate' | 'epochs' | 'steps' | 'seed'
>;

export interface PlannedStep {
  /** Indices of the samples. */
  samples: readonly number[];
  /** Passes over the samples that are made after the step. */
  epoch: number;
  endsEpoch: boolean;
}

/** An order of all samples, cut into the batches of its steps. */
interface Epoch {
  index: number;
  /** Steps before it. */
  first: number;
  batches: readonly (readonly number[])[];
}

export class StepPlan {
  /** Steps of the whole training, which the learning rate's schedule ends at. */
  readonly total: number;
  readonly #lengths: readonly number[];
  readonly #settings: StepSettings;
  #epoch: Epoch;

  /** `lengths`: tokens of each sample; at least one sample. */
  constructor(lengths: readonly number[], settings: StepSettings) {
    this.#lengths = lengths;
    this.#settings = settings;
    this.#epoch = this.#epochAt(0, 0);
    this.total = settings.steps ?? this.#stepsOfEpochs(settings.epochs);
  }

  /** A step, counted from 0. */
  at(step: number): PlannedStep {
    if (step < this.#epoch.first) this.#epoch = this.#epochAt(0, 0);
    while (step >= this.#epoch.first + this.#epoch.batches.length) this.#epoch = this.#after(this.#epoch);
    const { index, first, batches } = this.#epoch;
    const place = step - first;
    return {
      samples: batches[place] ?? [],
      epoch: index + (place + 1) / batches.length,
      endsEpoch: place + 1 === batches.length,
    };
  }

  /** At least one. `epochs` may be fractional; a last part takes its share of the steps, rounded up, as Hugging Face counts. */
  #stepsOfEpochs(epochs: number): number {
    let epoch = this.#epoch;
    while (epoch.index + 1 <= epochs) epoch = this.#after(epoch);
    const share = (epochs - epoch.index) * epoch.batches.length;
    const rounding = 1e-9; // 2.3 - 2 is a little more than 0.3
    return Math.max(1, epoch.first + Math.ceil(share - rounding));
  }

  #after({ index, first, batches }: Epoch): Epoch {
    return this.#epochAt(index + 1, first + batches.length);
  }

  #epochAt(index: number, first: number): Epoch {
    const { batchSize, batchTokens, accumulate, seed } = this.#settings;
    const indices = this.#lengths.map((_, i) => i);
    const order = sampleWithoutReplacement(indices, indices.length, randomStream(deriveSeed(seed, 'epoch', index)));
    const batches = batchTokens === undefined ? slices(order, batchSize) : this.#byTokens(order, batchTokens);
    return { index, first, batches: slices(batches, accumulate).map((step) => step.flat()) };
  }

  /** Whole samples in order until one more would exceed `most` tokens; at least one. */
  #byTokens(order: readonly number[], most: number): number[][] {
    const batches: number[][] = [];
    let tokens = Infinity;
    for (const sample of order) {
      const length = this.#lengths[sample] ?? 0;
      if (tokens + length > most) {
        batches.push([]);
        tokens = 0;
      }
      batches.at(-1)?.push(sample);
      tokens += length;
    }
    return batches;
  }
}

function slices<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
