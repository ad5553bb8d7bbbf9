// A process that is killed without a warning loses nothing that was committed, and the run that continues ends with the
// same bytes as one that nobody disturbed. Each moment is one in which a stage is half done. Once on a fake engine, quickly,
// and once on the real engine over a tiny model, whose every float has to come out the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../src/pipeline/events.js';
import { acquireLock } from '../../src/store/lock.js';
import { runInChild, type ChildRun } from '../support/kill-run.js';
import { runFolder, stableFiles, type RunFolder } from '../support/run-folder.js';
import { tinyModel } from '../support/tiny-model.js';

const progress = (stage: string, iteration: number, done: number) => (event: RunEvent) =>
  event.kind === 'stage-progress' && event.stage === stage && event.iteration === iteration && event.done >= done;
const started = (stage: string, iteration: number) => (event: RunEvent) =>
  event.kind === 'stage-started' && event.stage === stage && event.iteration === iteration;
const finished = (stage: string, iteration: number) => (event: RunEvent) =>
  event.kind === 'stage-finished' && event.stage === stage && event.iteration === iteration;

/** So that a kill may hit that stage, too. */
const merging = { merge: { when: 'each', type: 'q8_0' } };

const engines: [ChildRun['engine'], string][] = [
  ['fake', 'a fake engine'],
  ['tiny', 'a tiny model'],
];

describe.each(engines)('with the engine "%s", %s,', (engine) => {
  const childRun = (folder: RunFolder): ChildRun => {
    if (engine === 'fake') return { ...folder, engine };
    const modelPath = tinyModel({ context: 4096 });
    const { config } = folder;
    // Byte-level tokens: a sentence has many, and a random model gains nothing from more.
    const train = { ...config.train, maxLength: 400, rank: 2, learningRate: 0.01, warmupSteps: 1 };
    const synthesize = { ...config.synthesize, maxTokens: 8 };
    const respond = { ...config.respond, maxTokens: 8 };
    const settings = { model: modelPath, device: 'cpu' as const, threads: 1 };
    return { ...folder, modelPath, engine, config: { ...config, ...settings, synthesize, respond, train } };
  };

  let undisturbed: RunFolder;
  beforeAll(async () => {
    undisturbed = runFolder(merging);
    const result = await runInChild(childRun(undisturbed));
    expect(result).toMatchObject({ killed: false, exitCode: 0 });
  });
  afterAll(() => undisturbed.remove());

  test.each([
    ['while it writes instructions', progress('synthesize', 1, 6)],
    ['while it answers them', progress('respond', 1, 10)],
    ['while it judges pairs of the second iteration', progress('assess', 2, 7)],
    ['while it trains', progress('train', 1, 3)],
    ['while it evaluates', started('evaluate', 1)],
    ['while it merges', started('merge', 1)],
    ['as soon as an adapter is trained', finished('train', 1)],
  ])('a run that is killed %s continues to the same bytes', async (_, isMoment) => {
    const folder = runFolder(merging);
    const killed = await runInChild(childRun(folder), isMoment);
    expect(killed.killed).toBe(true);
    const resumed = await runInChild(childRun(folder));
    expect(resumed).toMatchObject({ killed: false, exitCode: 0 });
    expect(resumed.events[0]).toMatchObject({ kind: 'run-started', continued: true });
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
    folder.remove();
  });

  test('a run that is killed again and again still ends with the same bytes', async () => {
    const folder = runFolder(merging);
    for (const nth of [4, 9, 15, 22, 30]) {
      let seen = 0;
      const { killed } = await runInChild(childRun(folder), () => ++seen === nth);
      expect(killed).toBe(true);
    }
    expect(await runInChild(childRun(folder))).toMatchObject({ exitCode: 0 });
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
    folder.remove();
  });
});

test('a second process is told which one works on the run', async () => {
  const folder = runFolder();
  const lock = acquireLock(folder.runDir);
  const refused = await runInChild({ ...folder, engine: 'fake' });
  lock.release();
  expect(refused.exitCode).toBe(2);
  expect(refused.error).toEqual({
    code: 'run-locked',
    message: `the run ${folder.runDir} is in use by process ${process.pid}`,
  });
  folder.remove();
});
