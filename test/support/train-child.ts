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
const trainer = createTrainer({ modelPath, tokenizeExample: tokenizeBytes, threads: 1, checkpointSeconds: 0 });
const settings = { ...trainerSettings, epochs: 4 };
const job = { examples: examples(12), heldOut: examples(3, 50), settings, adapterPath, checkpointDir, metadata: {} };
for await (const event of trainer.train(job)) process.stdout.write(`${JSON.stringify(event)}\n`);
