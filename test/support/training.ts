// What tests of training need: settings, examples, and a tokenizer for tiny models.
import type { NativeTrainerOptions } from '../../src/native/addon-types.js';
import type { TrainerSettings, TrainEvent, TrainingExample, TrainSummary } from '../../src/engine/engine.js';
import type { TokenizeExample } from '../../src/engine/training-data.js';

export const trainerSettings: TrainerSettings = {
  rank: 4,
  alpha: 8,
  rankStabilized: false,
  dropout: 0.05,
  targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  learningRate: 2e-3,
  schedule: 'cosine',
  warmupSteps: 1,
  weightDecay: 0,
  maxGradNorm: 1,
  epochs: 2,
  batchSize: 4,
  accumulate: 1,
  maxLength: 64,
  seed: 1,
  microBatchTokens: 128,
  copiedWeights: 'auto',
  activations: 'auto',
  packing: true,
  patience: 0,
  keepBest: true,
};

/** For the native class; one thread, since tests run beside each other. */
export function nativeOptions(modelPath: string, more: Partial<NativeTrainerOptions> = {}): NativeTrainerOptions {
  const { rank, alpha, rankStabilized, dropout, targets, seed, learningRate, schedule } = trainerSettings;
  const { warmupSteps, weightDecay, maxGradNorm, microBatchTokens } = trainerSettings;
  const lora = { rank, alpha, rankStabilized, dropout, targets, seed };
  const memory = {
    longestSample: 128,
    memoryBytes: 0,
    processBytes: 0,
    freeHostBytes: 0,
    copiedWeights: 'auto',
    activations: 'auto',
  } as const;
  const steps = { learningRate, schedule, warmupSteps, weightDecay, maxGradNorm, microBatchTokens };
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, totalSteps: 100 };
  return {
    modelPath,
    device: 'cpu',
    threads: 1,
    initAdapterPath: '',
    ...lora,
    ...steps,
    ...optimizer,
    ...memory,
    ...more,
  };
}

export function examples(count: number, first = 0): TrainingExample[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `e${first + i}`,
    messages: [{ role: 'user', content: `What is ${first + i} and one?` }],
    response: `It is ${first + i + 1}.`,
  }));
}

/** Bytes as tokens, which the tiny models' vocabulary begins with; 319 ends a turn. */
export const tokenizeBytes: TokenizeExample = ({ messages, response }) => {
  const context = [...Buffer.from(messages.map((message) => message.content).join('\n'))];
  return { tokens: [...context, ...Buffer.from(response), 319], context: context.length };
};

export async function finish(
  events: AsyncGenerator<TrainEvent, TrainSummary>,
): Promise<{ events: TrainEvent[]; summary: TrainSummary }> {
  const taken: TrainEvent[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done === true) return { events: taken, summary: next.value };
    taken.push(next.value);
  }
}
