// `train --method full` refuses what llama.cpp's finetune does not read, on the command line and in a file.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../../support/temporary-folder.js';
import { isheep } from './support.js';

const words = 'train --data pairs.jsonl --out trained.gguf --method full';

test.each([
  ['--rank 8', '--rank'],
  ['--rank=8 --no-rank-stabilized', '--rank, --rank-stabilized'],
  ['--max-grad-norm 1 --batch-size 4', '--max-grad-norm, --batch-size'],
  ['--init-adapter a.gguf --checkpoint-dir c', '--init-adapter, --checkpoint-dir'],
])('%s is refused', async (more, named) => {
  const { exitCode, stderr } = await isheep(`${words} ${more}`);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`error [bad-config] --method full does not know ${named}\n`);
  expect(stderr).toContain('hint: leave them out');
});

test('a setting that a file changes is refused too', async () => {
  const file = path.join(temporaryFolder(), 'config.json');
  writeFileSync(file, JSON.stringify({ train: { dropout: 0.2, learningRate: 1e-5 } }));
  const { exitCode, stderr } = await isheep(`${words} --config ${file}`);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--method full does not know train.dropout\n');
});
