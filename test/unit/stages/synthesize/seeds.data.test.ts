// The seeds of the package are our own: far from the instructions that others have published.
import path from 'node:path';
import { expect, test } from 'vitest';
import { publishedFile } from '../../../support/published-data.js';
import { runCheckSeeds } from './check-seeds.js';

test.each([
  ['seed_tasks/seed_tasks_flat.jsonl', 175, '0.5'],
  ['seed_tasks/user_oriented_instructions.jsonl', 252, '0.5'],
  ['isheep_published/qwen_7B_base_d0_10k_output_filtered_evaluated_filtered.json', 229, '0.6'],
  ['isheep_published/qwen_7B_iter1_d1_10k_output_filtered_evaluated_filtered.json', 318, '0.6'],
  ['isheep_published/qwen_7B_iter2_d2_10k_output_filtered_evaluated_filtered.json', 309, '0.6'],
])('no seed resembles an instruction of %s', (file, count, limit) => {
  const { status, stdout, stderr } = runCheckSeeds('--against', publishedFile(file), '--limit', limit);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain(`with the ${String(count)} instructions of ${path.basename(file)}`);
});
