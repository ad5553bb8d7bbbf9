// The trainer against PEFT on the real model: SmolLM2-135M-Instruct, 50 steps of published pairs. Ours in F32 against
// PEFT in F32, and ours on the Q8_0 file against PEFT on the numbers that the file stands for. The pairs lie beside the
// checkout; ISHEEP_DATA names another folder. Measured differences of a step's loss: see docs/benchmarks.md.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { requantize } from '../../src/engine/requantize.js';
import { realModelPath } from '../support/models.js';
import { hashOf, largestDifference, ourCurve, realJob, type StoredCurve } from '../support/peft-curves.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-peft-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shared = process.env.ISHEEP_DATA ?? path.resolve(import.meta.dirname, '../../../shared/data');
const pairs = path.join(shared, 'isheep_published/qwen_7B_base_d0_10k_output_filtered_evaluated_filtered.json');

test.each([
  ['f32', 1e-3],
  ['q8_0', 1e-2],
])('%s: the loss of each of 50 steps is within %f of PEFT', async (type, limit) => {
  const model = path.join(folder, `${type}.gguf`);
  await requantize({ input: realModelPath(), output: model, type });
  const job = await realJob(model, pairs, folder);
  const file = path.join(import.meta.dirname, 'oracles', `peft-smollm2-${type}.json`);
  const theirs = JSON.parse(readFileSync(file, 'utf8')) as StoredCurve;
  expect(hashOf(job)).toBe(theirs.job);
  const ours = await ourCurve(job, os.availableParallelism());
  const difference = largestDifference(ours.losses, theirs.losses);
  const gradients = largestDifference(ours.gradientNorms, theirs.gradientNorms);
  process.stdout.write(`${type}: loss ${difference.toExponential(1)}, gradient norm ${gradients.toExponential(1)}\n`);
  expect(difference).toBeLessThan(limit);
  expect(theirs.losses).toHaveLength(50);
});
