// Training steps whose samples the caller chooses, for measurements beside another trainer; no data order of its own, no
// checkpoints, no adapter file. trainer.ts is the one that trains for people.
import type { NativeMemoryPlan, NativeSample, NativeStep, NativeTrainerOptions } from '../native/addon-types.js';
import { loadAddon } from '../native/load-addon.js';
import { fromNative } from '../shared/errors.js';

export interface StepTrainer {
  readonly memoryPlan: NativeMemoryPlan;
  /** With the option `profile`; empty without. */
  readonly secondsByPart: Record<string, number>;
  /** One optimizer step. */
  step(samples: readonly NativeSample[]): Promise<NativeStep>;
  dispose(): Promise<void>;
}

export async function openStepTrainer(options: NativeTrainerOptions): Promise<StepTrainer> {
  try {
    return await loadAddon().createTrainer(options);
  } catch (error) {
    throw fromNative(error);
  }
}
