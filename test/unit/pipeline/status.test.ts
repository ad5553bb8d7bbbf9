import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { runLoop } from '../../../src/pipeline/run.js';
import { show } from '../../../src/pipeline/show.js';
import { readStatus } from '../../../src/pipeline/status.js';
import { RunStore } from '../../../src/store/run-store.js';
import { fakeRun, runFolder, type RunFolder } from '../../support/run-folder.js';

let folder: RunFolder;
beforeEach(() => {
  folder = runFolder();
});
afterEach(() => folder.remove());

/** Stops the run once it has committed three chunks of responses in its second iteration. */
async function runHalfway(): Promise<void> {
  const run = fakeRun(folder);
  const stop = new AbortController();
  const report: typeof run.report = (event) => {
    if (event.kind === 'stage-progress' && event.iteration === 2 && event.stage === 'respond' && event.done >= 15) {
      stop.abort();
    }
  };
  await expect(runLoop({ ...run, report, stop: stop.signal })).rejects.toThrow('stopped in iteration 2, stage respond');
}

test('the status of a run halfway says what is finished, started and not yet known', async () => {
  await runHalfway();
  const status = readStatus(folder.runDir);
  expect(status).toMatchObject({ runDir: folder.runDir, isRunning: false, isFinished: false, best: 1 });
  expect(status.iterations[0]?.stages.map(({ state }) => state)).toEqual(Array(7).fill('finished'));
  expect(status.iterations[0]?.summary?.respond.responses).toBe(24);
  expect(status.iterations[1]?.summary).toBeNull();
  expect(status.iterations[1]?.stages.map(({ stage, state, done, total }) => [stage, state, done, total])).toEqual([
    ['synthesize', 'finished', 24, 24],
    ['respond', 'started', 15, 24],
    ['filter', 'waiting', 0, null],
    ['assess', 'waiting', 0, null],
    ['select', 'waiting', 0, null],
    ['train', 'waiting', 0, null],
    ['evaluate', 'waiting', 0, null],
  ]);
});

test('a run that a process works on is running', async () => {
  const seen: boolean[] = [];
  const run = fakeRun(folder);
  await runLoop({
    ...run,
    report: (event) => {
      if (event.kind === 'stage-started') seen.push(readStatus(folder.runDir).isRunning);
    },
  });
  expect(new Set(seen)).toEqual(new Set([true]));
  expect(readStatus(folder.runDir)).toMatchObject({ isRunning: false, isFinished: true });
});

test('each topic is shown for the last iteration that has it, or for the one that is asked for', async () => {
  await runHalfway();
  expect(show(folder.runDir, 'candidates')).toMatchObject({ iteration: 2, topic: 'candidates' });
  expect(show(folder.runDir, 'verdicts').rows).toHaveLength(15);
  expect(show(folder.runDir, 'verdicts', 1).rows).toHaveLength(24);
  expect(show(folder.runDir, 'dataset').iteration).toBe(1);
  expect(show(folder.runDir, 'steps').rows[0]).toMatchObject({ step: 0, held_out_loss: 2 });
  const prompts = show(folder.runDir, 'prompts', 1).rows;
  expect(prompts[0]).toMatchObject({ name: 'synthesize, chat' });
  expect((prompts.at(-1) as { id: string }).id).toMatch(/^s-1-\d+$/);
});

test('an iteration that the run does not have is bad input', async () => {
  await runHalfway();
  expect(() => show(folder.runDir, 'dataset', 3)).toThrow(`the run ${folder.runDir} has no iteration 3`);
});

test('a folder without a run is bad input, and stays as it is', () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'isheep-empty-'));
  expect(() => readStatus(empty)).toThrow(`no run in ${empty}: it has no run.db`);
  rmSync(empty, { recursive: true });
});

test('a run that was started before a setting existed can be read, and is not continued', async () => {
  await runHalfway();
  const store = RunStore.open(folder.runDir);
  const { config, ...record } = store.value('record') as { config: Record<string, unknown> };
  const { merge, quirks, ...older } = config;
  store.setValue('record', { ...record, config: older });
  store.close();
  expect([merge, quirks]).not.toContain(undefined);
  expect(readStatus(folder.runDir).iterations[0]?.summary?.respond.responses).toBe(24);
  await expect(runLoop(fakeRun(folder))).rejects.toThrow('merge.when was not set, is now "never"');
});
