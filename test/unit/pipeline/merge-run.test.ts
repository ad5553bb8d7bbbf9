// The stage merge of a run, on an engine without a model.
import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { runLoop } from '../../../src/pipeline/run.js';
import { readStatus } from '../../../src/pipeline/status.js';
import { formatRunSummary } from '../../../src/cli/summary.js';
import { styleFor } from '../../../src/cli/style.js';
import { fakeRun, runFolder, stableFiles, type RunFolder } from '../../support/run-folder.js';

const plainStyle = styleFor({ write: () => undefined }, {});

let folder: RunFolder | undefined;
afterEach(() => folder?.remove());

function merging(when: string, more: Record<string, unknown> = {}) {
  folder = runFolder({ merge: { when, type: 'q8_0' }, ...more });
  const merged = (iteration: number) =>
    path.join((folder as RunFolder).runDir, 'iterations', String(iteration), 'merged.gguf');
  return { folder, merged };
}

test('without it a run has no such stage, file, event or figure', async () => {
  folder = runFolder();
  const run = fakeRun(folder);
  const summary = await runLoop(run);
  expect(run.engine.log.opened).not.toContain('merge');
  expect(JSON.stringify([summary, run.events])).not.toContain('merge');
  expect(JSON.stringify(readStatus(folder.runDir).iterations)).not.toContain('merge');
});

test.each([
  ['each', [true, true]],
  ['last', [false, true]],
])('merge.when %s', async (when, expected) => {
  const { folder, merged } = merging(when);
  const summary = await runLoop(fakeRun(folder));
  expect([1, 2].map((iteration) => existsSync(merged(iteration)))).toEqual(expected);
  expect(summary.iterations.map(({ merge }) => merge !== undefined)).toEqual(expected);
  expect(summary.iterations[1]?.merge).toMatchObject({
    ...{ model: merged(2), type: 'q8_0', survived: 0.97 },
    cost: { pairs: expect.any(Number) as number, perplexity: { base: Math.exp(2) } },
  });
  expect(formatRunSummary(summary, plainStyle)).toContain("type q8_0, 97.0 % of the adapter's change survived");
});

test('it is made of the base and the adapter of its iteration, and merge.json says what it cost', async () => {
  const { folder, merged } = merging('each');
  const summary = await runLoop(fakeRun(folder));
  const [, second] = summary.iterations;
  const made = JSON.parse(readFileSync(merged(2), 'utf8')) as { adapters: unknown };
  expect(made.adapters).toEqual([[second?.train.adapterSha256, 1]]);
  const told = JSON.parse(readFileSync(path.join(path.dirname(merged(2)), 'merge.json'), 'utf8')) as {
    survived: number;
  };
  expect(told).toMatchObject({ survived: 0.97, sha256: second?.merge?.sha256 });
});

test('the data and the adapters are those of a run that merges nothing but for the name of the run', async () => {
  const { folder } = merging('each');
  await runLoop(fakeRun(folder));
  const files = stableFiles(folder.runDir);
  folder.remove();
  const plain = runFolder();
  await runLoop(fakeRun(plain));
  expect(files['1/dataset.jsonl']).toBe(stableFiles(plain.runDir)['1/dataset.jsonl']);
  plain.remove();
});

test.each(['damaged', 'lost'])('a merged model that is %s is made again, and nothing else', async (how) => {
  const { folder, merged } = merging('each');
  await runLoop(fakeRun(folder));
  const before = stableFiles(folder.runDir);
  if (how === 'lost') rmSync(merged(1));
  else truncateSync(merged(1), 10);
  const run = fakeRun(folder);
  await runLoop(run);
  expect(stableFiles(folder.runDir)).toEqual(before);
  expect(run.engine.log.opened).toEqual(['merge']);
  expect(run.events).toContainEqual({
    kind: 'warning',
    message: `${merged(1)} is missing or damaged; the adapter is merged again`,
  });
});

test('with more iterations another one is the last, and the summary tells of its merge alone', async () => {
  const { folder, merged } = merging('last');
  await runLoop(fakeRun(folder));
  folder.config = { ...folder.config, iterations: 3 };
  const { iterations } = await runLoop(fakeRun(folder));
  expect(iterations.map(({ merge }) => merge?.model)).toEqual([undefined, undefined, merged(3)]);
});

test('a run that is killed while it merges goes on with the merge', async () => {
  const { folder, merged } = merging('last');
  const fails = {
    onCall: (call: string) => {
      if (call === 'merge') throw new Error('killed');
    },
  };
  await expect(runLoop(fakeRun(folder, fails))).rejects.toThrow('killed');
  expect(existsSync(merged(2))).toBe(false);
  expect(readStatus(folder.runDir).isFinished).toBe(false);
  const run = fakeRun(folder);
  await runLoop(run);
  expect(run.engine.log.opened).toEqual(['merge']);
  expect(readStatus(folder.runDir).isFinished).toBe(true);
});

test('the merged model talks by the template that was trained with', async () => {
  const { folder, merged } = merging('last', { chatTemplate: 'chatml' });
  await runLoop(fakeRun(folder));
  expect(readFileSync(merged(2), 'utf8')).toContain("{{ '<|im_start|>'");
});
