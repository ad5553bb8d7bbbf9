// What the addon offers for training all weights of a model.
import type { NativeOptimizerOptions } from './addon-types.js';

export interface NativeFullTrainerOptions extends NativeOptimizerOptions {
  modelPath: string;
  device: string;
  threads: number;
  /** Tokens of one optimizer step, a multiple of 256. */
  blockTokens: number;
  /** Divides blockTokens. */
  microBatchTokens: number;
  /** What the machine has to give, for a device that shares its memory. */
  freeHostBytes: number;
}

/** `learningRate`: of the last step. */
export interface NativeFullStep {
  loss: number;
  learningRate: number;
}

/** One call runs at a time; a second is refused. `tokens` are blockTokens + 1: each but the first is predicted. */
export interface NativeFullTrainer {
  /** One optimizer step; the loss is the mean over the block, nats. */
  step(tokens: Int32Array): Promise<NativeFullStep>;
  /** The loss alone. */
  evaluate(tokens: Int32Array): Promise<NativeFullStep>;
  /** Writes the trained model, whole or not at all. */
  save(path: string): Promise<NativeFullStep>;
  dispose(): Promise<void>;
}
