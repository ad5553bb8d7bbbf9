// Stage train: turns a dataset into a job of the trainer.
import type { Config } from '../../config/schema.js';
import type { Trainer, TrainEvent, TrainJob, TrainSummary } from '../../engine/engine.js';
import type { Pair } from '../../shared/rows.js';

export interface TrainInput extends Pick<
  TrainJob,
  'adapterPath' | 'metadata' | 'initAdapterPath' | 'checkpointDir' | 'signal'
> {
  dataset: readonly Pair[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  settings: Config['train'];
}

export interface Split {
  training: Pair[];
  heldOut: Pair[];
}

/** Which pairs are held out: by the seed and the ids alone. Both parts keep the dataset's order. */
export declare function splitHeldOut(dataset: readonly Pair[], share: number, seed: number, iteration: number): Split;

/** Throws `nothing-usable` for an empty dataset. */
export declare function train(input: TrainInput, trainer: Trainer): AsyncGenerator<TrainEvent, TrainSummary>;
