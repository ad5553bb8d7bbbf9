// Tokens a second of training, whole steps with the optimizer, and the peak of resident memory: rank 8 on all targets,
// maximum length 1024, loss on responses only. --data is a JSON array or JSON Lines of {instruction, input, output}.
// Tokens are counted without padding. The first step, which finds cold caches and pages, is not timed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type { TrainerSettings, TrainingExample } from '../engine/engine.js';
import { loadModel } from '../engine/model.js';
import { createTrainer } from '../engine/trainer.js';
import { IsheepError } from '../shared/errors.js';
import { type BenchmarkSettings, type Figure, figure } from './figure.js';

const settings: TrainerSettings = {
  rank: 8,
  alpha: 16,
  rankStabilized: false,
  dropout: 0.05,
  targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  learningRate: 5e-5,
  schedule: 'cosine',
  warmupSteps: 0,
  weightDecay: 0,
  maxGradNorm: 1,
  epochs: 1,
  batchSize: 8,
  accumulate: 1,
  maxLength: 1024,
  seed: 1,
  microBatchTokens: 400,
  packing: true,
  patience: 0,
  keepBest: false,
};

export async function* benchTrain({
  model: modelPath,
  threads,
  device,
  data,
  steps,
}: BenchmarkSettings): AsyncGenerator<Figure> {
  const examples = readExamples(data).slice(0, settings.batchSize * (steps + 1));
  const vocabulary = await loadModel({ path: modelPath, vocabularyOnly: true });
  const tokenizeExample = (example: TrainingExample) => vocabulary.exampleTokens(example);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-bench-'));
  try {
    const trainer = createTrainer({ modelPath, threads, device, tokenizeExample });
    const adapterPath = path.join(folder, 'adapter.gguf');
    let tokens = 0;
    let seconds = 0;
    for await (const event of trainer.train({ examples, heldOut: [], settings, adapterPath, metadata: {} })) {
      if (event.kind !== 'step' || event.step === 1) continue;
      tokens += event.tokens;
      seconds += event.seconds;
    }
    yield figure('train', 'tokens of whole steps', tokens / seconds, 'tokens/s');
    yield figure('train', 'peak resident memory', process.resourceUsage().maxRSS / 1024, 'MiB');
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await vocabulary.dispose();
  }
}

interface PublishedPair {
  instruction: string;
  input: string;
  output: string;
}

function readExamples(file: string): TrainingExample[] {
  if (file === '')
    throw new IsheepError('bad-config', 'the benchmark train needs data', { hint: 'give it with --data FILE' });
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  const rows: unknown = text.trimStart().startsWith('[')
    ? JSON.parse(text)
    : lines.map((line) => JSON.parse(line) as unknown);
  return (rows as PublishedPair[]).map(({ instruction, input, output }, i) => ({
    id: String(i),
    messages: [{ role: 'user', content: input === '' ? instruction : `${instruction}\n${input}` }],
    response: output,
  }));
}
