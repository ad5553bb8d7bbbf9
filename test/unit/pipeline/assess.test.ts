// How a run judges: which method, by what, and what its summary tells of it.
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { runLoop } from '../../../src/pipeline/run.js';
import { fakeRun, runFolder, smallConfig, type RunFolder } from '../../support/run-folder.js';

let folder: RunFolder;

beforeEach(() => (folder = runFolder({ iterations: 1 })));
afterEach(() => folder.remove());

function pairs(): Record<string, unknown>[] {
  const text = readFileSync(path.join(folder.runDir, 'iterations', '1', 'pairs.jsonl'), 'utf8');
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('responses are judged by what was recorded while they were written', async () => {
  await runLoop(fakeRun(folder));
  for (const { source, assessment } of pairs()) {
    const { written } = source as { written: { logprob: number; tokens: number; end: number } };
    const { likelihood } = assessment as { likelihood: { response: number; end: number } };
    expect(likelihood.response).toBeCloseTo(written.logprob / written.tokens, 12);
    expect(likelihood.end).toBe(written.end);
  }
});

test('auto says which method it took and why, in the summary too', async () => {
  const config = smallConfig({ ...folder.config, assess: { method: 'auto', chunk: 7 } });
  const { iterations } = await runLoop({ ...fakeRun(folder), config });
  expect(iterations[0]?.assess.method).toBe('likelihood');
  expect(iterations[0]?.assess.why).toMatch(
    /^grades fail the self-test: \d+ % \(95 % interval .*; likelihood has \d+ %/,
  );
});

test('repeated grades tell how far the judge agrees with itself', async () => {
  const assess = { method: 'expected', repeats: 3, chunk: 7 };
  const config = smallConfig({ ...folder.config, assess, select: { threshold: 0 } });
  const { iterations } = await runLoop({ ...fakeRun(folder), config });
  expect(iterations[0]?.assess.agreement).toMatchObject({
    ...{ repeats: 3, pairs: 24 },
    quality: { alpha: expect.any(Number) as number, withinOne: expect.any(Number) as number },
  });
  expect((pairs()[0]?.assessment as { repeats: { quality: number[] } }).repeats.quality).toHaveLength(3);
});
