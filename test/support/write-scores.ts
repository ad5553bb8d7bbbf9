// Writes test/native/oracles/scores-smollm2.json: log-probabilities by PyTorch that score.test.ts holds ours against.
//   node --import ./test/support/typescript-loader.mjs test/support/write-scores.ts PYTHON
// PYTHON has torch, transformers, peft and gguf; the model is that of the tests, its weights dequantized to float32.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { loadModel } from '../../src/engine/model.js';
import { taskPrompt } from '../../src/shared/task-prompt.js';
import { loadSeeds } from '../../src/shared/load-seeds.js';
import { realModelPath } from './models.js';

const root = path.resolve(import.meta.dirname, '../..');
const model = await loadModel({ path: realModelPath(), device: 'cpu', vocabularyOnly: true });
const rows = loadSeeds()
  .filter(({ output }) => output !== '')
  .slice(0, 40)
  .map((task) => {
    const prompt = taskPrompt(task, true);
    if (!('messages' in prompt)) throw new Error('the model of the tests has a chat template');
    const { tokens, context } = model.exampleTokens({ messages: prompt.messages, response: task.output });
    return { id: task.id, tokens: [...tokens], context };
  });
await model.dispose();

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-scores-'));
const job = path.join(folder, 'job.json');
writeFileSync(job, JSON.stringify({ model: realModelPath(), rows }));
const script = path.join(root, 'scripts', 'oracles', 'scores.py');
const run = spawnSync(process.argv[2] ?? 'python3', [script, job], { encoding: 'utf8', maxBuffer: 2 ** 26 });
rmSync(folder, { recursive: true });
if (run.status !== 0) throw new Error(run.stderr);
const logprobs = JSON.parse(run.stdout) as number[];
const lines = rows.map((row, i) => JSON.stringify({ ...row, logprob: Number(logprobs[i]?.toFixed(4)) }));
writeFileSync(path.join(root, 'test/native/oracles/scores-smollm2.json'), `[\n${lines.join(',\n')}\n]\n`);
