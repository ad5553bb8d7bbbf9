// A run that is told of evaluation files: what they hold is neither answered nor trained on.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { plan } from '../../../src/pipeline/plan.js';
import { runLoop } from '../../../src/pipeline/run.js';
import type { Pair } from '../../../src/shared/rows.js';
import { fakeRun, runFolder, type RunFolder } from '../../support/run-folder.js';

let folder: RunFolder;
beforeEach(() => {
  folder = runFolder();
});
afterEach(() => folder.remove());

function rows(file: 'candidates' | 'pairs' | 'dataset'): Pair[] {
  const text = readFileSync(path.join(folder.runDir, 'iterations', '1', `${file}.jsonl`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Pair);
}

/** The folder, now for a run that must not share text with the file. */
function withEvaluation(file: string): void {
  const { config } = folder;
  folder = {
    ...folder,
    runDir: path.join(folder.dir, 'strict'),
    config: { ...config, filter: { evaluationFiles: [file] } },
  };
}

test('a run rejects candidates and pairs that share text with an evaluation file, and says how many', async () => {
  await runLoop(fakeRun(folder));
  const [instruction, response] = [rows('pairs')[2]?.instruction, rows('dataset')[0]?.response];
  const file = path.join(folder.dir, 'benchmark.jsonl');
  writeFileSync(file, `${JSON.stringify({ question: instruction })}\n${JSON.stringify({ answers: [response] })}\n`);
  withEvaluation(file);
  const { iterations } = await runLoop(fakeRun(folder));
  expect(iterations[0]?.synthesize).toMatchObject({ kept: 24, rejected: { contaminated: 1 } });
  expect(iterations[0]?.filter.rejected).toMatchObject({ contaminated: 1 });
  const candidate = rows('candidates').find((row) => row.instruction === instruction);
  expect(candidate?.verdicts?.at(-1)).toEqual({ filter: 'contamination', rejected: true, reason: 'contaminated' });
  expect(rows('pairs').map((pair) => pair.instruction)).not.toContain(instruction);
  const pair = rows('pairs').find((row) => row.response === response);
  expect(pair?.verdicts?.at(-1)).toEqual({ filter: 'contamination', rejected: true, reason: 'contaminated' });
  expect(rows('dataset').map((row) => row.response)).not.toContain(response);
});

test('what is made of pairs, or cut from rejected ones, shares no text with an evaluation file either', async () => {
  const respond = ({ id }: { id: string }) =>
    /[02468]$/u.test(id) ? `We went out. ${'The sea was grey and calm all day. '.repeat(6)}` : 'We stayed at home.';
  const select = { share: 1, circles: 2 };
  folder.remove();
  folder = runFolder({ select });
  const before = await runLoop(fakeRun(folder, { respond }));
  expect(before.iterations[0]?.select.circles).toBeGreaterThan(0);
  const file = path.join(folder.dir, 'benchmark.txt');
  writeFileSync(file, 'The sea was grey and calm all day.\n');
  withEvaluation(file);
  const { iterations } = await runLoop(fakeRun(folder, { respond }));
  expect(iterations[0]?.select).toMatchObject({
    circles: 0,
    notKept: { contaminated: expect.any(Number) as number },
  });
  expect(rows('dataset').filter(({ response }) => response.includes('grey and calm'))).toEqual([]);
});

test('a run continues where its evaluation file moved, and not where it holds something else', async () => {
  const file = path.join(folder.dir, 'benchmark.txt');
  writeFileSync(file, 'How many legs does a common garden spider have?\n');
  withEvaluation(file);
  const summary = await runLoop(fakeRun(folder));
  const moved = path.join(folder.dir, 'moved.txt');
  renameSync(file, moved);
  withEvaluation(moved);
  expect(await runLoop(fakeRun(folder))).toEqual(summary);
  writeFileSync(moved, 'How many legs does a common garden snail have?\n');
  await expect(runLoop(fakeRun(folder))).rejects.toThrow(
    /evaluation \(sha256\) was [0-9a-f]{64}, is now [0-9a-f]{64}$/,
  );
});

test('an evaluation file that is not there is told before a folder is made or a model loaded', async () => {
  const file = path.join(folder.dir, 'missing.jsonl');
  withEvaluation(file);
  const run = fakeRun(folder);
  await expect(runLoop(run)).rejects.toThrow(`${file}: there is no such file`);
  await expect(plan(run)).rejects.toThrow(`${file}: there is no such file`);
  expect(existsSync(folder.runDir)).toBe(false);
  expect(run.engine.log.opened).toEqual([]);
});
