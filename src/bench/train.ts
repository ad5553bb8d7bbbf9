// Tokens a second of training, whole steps with the optimizer, and the peak of resident memory: rank 8 on all targets,
// loss on responses only. Tokens are counted without padding. With --peer peft PEFT trains the same samples in turns.
import os from 'node:os';

import type { TrainingExample } from '../engine/engine.js';
import { loadModel } from '../engine/model.js';
import { tokenizeExamples } from '../engine/training-data.js';
import { IsheepError } from '../shared/errors.js';
import type { Figure } from './figure.js';
import type { BenchmarkSettings } from './options.js';
import { readPairFile } from './pair-file.js';
import { type TrainJobFile, trainJob } from './train-job.js';
import { findPeer, measureInTurns } from './trainers.js';

export async function* benchTrain(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const peer = findPeer(settings);
  const steps = await readSteps(settings);
  yield* measureInTurns('train', trainJob(settings, threadsOf(settings), steps), settings, peer);
}

export function threadsOf({ threads }: BenchmarkSettings): number {
  return threads > 0 ? threads : os.availableParallelism();
}

/** The pairs of the file in its order, a batch a step. */
async function readSteps(settings: BenchmarkSettings): Promise<TrainJobFile['steps']> {
  const { model, data, batchSize, maxLength, steps } = settings;
  const needed = batchSize * (steps + 1);
  const vocabulary = await loadModel({ path: model, vocabularyOnly: true });
  const tokenize = (example: TrainingExample) => vocabulary.exampleTokens(example);
  const { samples } = tokenizeExamples(readExamples(data), tokenize, maxLength);
  await vocabulary.dispose();
  if (samples.length < needed) {
    throw new IsheepError('bad-input', `${data} gives ${samples.length} samples; ${needed} are needed`, {
      hint: `${steps} timed steps and one before, of ${batchSize} samples: lower --steps or --batch-size`,
    });
  }
  return Array.from({ length: steps + 1 }, (_, i) =>
    samples.slice(i * batchSize, (i + 1) * batchSize).map(({ tokens, context }) => ({ tokens: [...tokens], context })),
  );
}

function readExamples(file: string): TrainingExample[] {
  if (file === '')
    throw new IsheepError('bad-config', 'the benchmark train needs data', { hint: 'give it with --data FILE' });
  return readPairFile(file).map(({ instruction, input, response }, i) => ({
    id: String(i),
    messages: [{ role: 'user', content: input === '' ? instruction : `${instruction}\n${input}` }],
    response,
  }));
}
