// How speed and memory of training grow with the length of a sample. Samples are random words of the vocabulary, of
// exactly that length, half of it response; each step holds the same number of tokens, so that only the length differs.
import { loadModel } from '../engine/model.js';
import { randomStream } from '../shared/random.js';
import type { Figure } from './figure.js';
import type { BenchmarkSettings } from './options.js';
import { threadsOf } from './train.js';
import { type TrainJobFile, trainJob } from './train-job.js';
import { findPeer, measureInTurns } from './trainers.js';

/** Of a step: the longest of the usual lengths is one sample. */
const tokensPerStep = 4096;

export async function* benchTrainLength(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const peer = findPeer(settings);
  const vocabulary = await loadModel({ path: settings.model, vocabularyOnly: true });
  const { vocabularySize } = vocabulary.info;
  await vocabulary.dispose();
  for (const length of settings.lengths) {
    const steps = Array.from({ length: settings.steps + 1 }, (_, i) => stepOf(length, vocabularySize, i));
    const job = trainJob(settings, threadsOf(settings), steps);
    yield* measureInTurns('train-length', job, settings, peer, `, length ${length}`);
  }
}

function stepOf(length: number, vocabularySize: number, seed: number): TrainJobFile['steps'][number] {
  const random = randomStream(seed);
  const samples = Math.max(1, Math.round(tokensPerStep / length));
  return Array.from({ length: samples }, () => ({
    tokens: Array.from({ length }, () => Math.floor(random() * vocabularySize)),
    context: Math.floor(length / 2),
  }));
}
