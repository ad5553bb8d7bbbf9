// A training in a process of its own, which a test kills: node --import ./typescript-loader.mjs train-child.ts '<ChildTraining>'
// Prints each event as a line of JSON.
import { createTrainer } from '../../src/engine/trainer.js';
import { examples, tokenizeBytes, trainerSettings } from './training.js';

export interface ChildTraining {
  modelPath: string;
  adapterPath: string;
  checkpointDir: string;
}

const { modelPath, adapterPath, checkpointDir } = JSON.parse(process.argv[2] ?? '') as ChildTraining;
const trainer = createTrainer({ modelPath, tokenizeExample: tokenizeBytes, threads: 1 });
// At this rate the held-out loss soon rises again, so that the best adapter is not the last and training stops early.
const settings = { ...trainerSettings, steps: 40, learningRate: 3e-2, evaluateEvery: 2, patience: 4 };
const job = {
  examples: examples(12),
  heldOut: examples(3, 50),
  settings,
  adapterPath,
  checkpointDir,
  checkpointSeconds: 0,
  metadata: {},
};
const events = trainer.train(job);
for (;;) {
  const { value, done } = await events.next();
  process.stdout.write(`${JSON.stringify(done === true ? { kind: 'summary', ...value } : value)}\n`);
  if (done === true) break;
}
