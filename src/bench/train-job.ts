// What a trainer that is measured gets, as a file: the model, the settings, and the samples of every step in order. Ours
// (train-child.ts) and the peer (scripts/bench/peft-train.py) read the same file, so both see the same tokens.
import type { TrainerSettings } from '../engine/engine.js';
import type { BenchmarkSettings } from './options.js';

export interface TrainJobFile {
  model: string;
  threads: number;
  device: string;
  microBatchTokens: number;
  memory: Pick<TrainerSettings, 'memory' | 'copiedWeights' | 'activations'>;
  profile: boolean;
  settings: typeof workloadSettings;
  /** The first step finds cold caches and pages; it is not timed. */
  steps: { tokens: number[]; context: number }[][];
}

/** What a trainer answers: of the timed steps but for the memory, which is of the whole process. */
export interface TrainMeasurement {
  /** Without padding. */
  tokens: number;
  seconds: number;
  /** Peak resident memory, pages of mapped files included. */
  peakMib: number;
  losses: number[];
  /** What our trainer planned. */
  forecastMib?: number | undefined;
  copiedWeights?: string | undefined;
  secondsByPart?: Record<string, number> | undefined;
}

export const workloadSettings = {
  rank: 8,
  alpha: 16,
  rankStabilized: false,
  dropout: 0.05,
  targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  learningRate: 5e-5,
  schedule: 'cosine' as const,
  warmupSteps: 0,
  weightDecay: 0,
  maxGradNorm: 1,
  seed: 1,
};

export function trainJob(settings: BenchmarkSettings, threads: number, steps: TrainJobFile['steps']): TrainJobFile {
  const { model, device, microBatchTokens, activations, copiedWeights, memory } = settings;
  const memorySettings = { activations, copiedWeights, ...(memory === 0 ? {} : { memory }) };
  const profile = settings.profile === 'yes';
  return {
    model,
    threads,
    device,
    microBatchTokens,
    memory: memorySettings,
    profile,
    settings: workloadSettings,
    steps,
  };
}
