// A process that is killed without a warning loses nothing that was committed, and the run that continues ends with the
// same bytes as one that nobody disturbed. Each moment is one in which a stage is half done.
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunEvent } from '../../src/pipeline/events.js';
import { acquireLock } from '../../src/store/lock.js';
import { runInChild } from '../support/kill-run.js';
import { runFolder, stableFiles, type RunFolder } from '../support/run-folder.js';

let undisturbed: RunFolder;
beforeAll(async () => {
  undisturbed = runFolder();
  const result = await runInChild(undisturbed);
  expect(result).toMatchObject({ killed: false, exitCode: 0 });
});
afterAll(() => undisturbed.remove());

const progress = (stage: string, iteration: number, done: number) => (event: RunEvent) =>
  event.kind === 'stage-progress' && event.stage === stage && event.iteration === iteration && event.done >= done;
const started = (stage: string, iteration: number) => (event: RunEvent) =>
  event.kind === 'stage-started' && event.stage === stage && event.iteration === iteration;
const finished = (stage: string, iteration: number) => (event: RunEvent) =>
  event.kind === 'stage-finished' && event.stage === stage && event.iteration === iteration;

test.each([
  ['while it writes instructions', progress('synthesize', 1, 6)],
  ['while it answers them', progress('respond', 1, 10)],
  ['while it judges pairs of the second iteration', progress('assess', 2, 7)],
  ['while it trains', progress('train', 1, 3)],
  ['while it evaluates', started('evaluate', 1)],
  ['as soon as an adapter is trained', finished('train', 1)],
])('a run that is killed %s continues to the same bytes', { timeout: 60_000 }, async (_, isMoment) => {
  const folder = runFolder();
  const killed = await runInChild(folder, isMoment);
  expect(killed.killed).toBe(true);
  const resumed = await runInChild(folder);
  expect(resumed).toMatchObject({ killed: false, exitCode: 0 });
  expect(resumed.events[0]).toMatchObject({ kind: 'run-started', continued: true });
  expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
  folder.remove();
});

test('a run that is killed again and again still ends with the same bytes', { timeout: 120_000 }, async () => {
  const folder = runFolder();
  let kills = 0;
  for (const nth of [4, 9, 15, 22, 30]) {
    let seen = 0;
    const { killed } = await runInChild(folder, () => ++seen === nth);
    if (killed) kills += 1;
  }
  expect(kills).toBe(5);
  expect(await runInChild(folder)).toMatchObject({ exitCode: 0 });
  expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
  folder.remove();
});

test('a second process is told which one works on the run', { timeout: 60_000 }, async () => {
  const folder = runFolder();
  const lock = acquireLock(folder.runDir);
  const refused = await runInChild(folder);
  lock.release();
  expect(refused.exitCode).toBe(2);
  expect(refused.error).toEqual({
    code: 'run-locked',
    message: `the run ${folder.runDir} is in use by process ${process.pid}`,
  });
  folder.remove();
});
