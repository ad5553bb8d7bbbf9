// Runs of the real model that are killed without a warning, in every stage, end with the bytes of an undisturbed one.
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunEvent } from '../../src/pipeline/events.js';
import { runInChild, type ChildRun } from '../support/kill-run.js';
import { realModelPath } from '../support/models.js';
import { runFolder, shortRealConfig, stableFiles, type RunFolder } from '../support/run-folder.js';

const childRun = (folder: RunFolder): ChildRun => {
  const modelPath = realModelPath();
  return { runDir: folder.runDir, config: shortRealConfig(modelPath, folder), modelPath, engine: 'real' };
};

let undisturbed: RunFolder;
beforeAll(async () => {
  undisturbed = runFolder();
  expect(await runInChild(childRun(undisturbed))).toMatchObject({ killed: false });
});
afterAll(() => undisturbed.remove());

test('a run that is killed in each stage of both iterations ends with the same bytes', async () => {
  const folder = runFolder();
  for (const iteration of [1, 2]) {
    for (const stage of ['synthesize', 'respond', 'assess', 'train', 'evaluate']) {
      // Training goes on for a step before it is killed; the other stages have committed nothing at their start.
      const isMoment = (event: RunEvent) =>
        event.kind === (stage === 'train' ? 'stage-progress' : 'stage-started') &&
        event.stage === stage &&
        event.iteration === iteration;
      expect(await runInChild(childRun(folder), isMoment)).toMatchObject({ killed: true });
    }
  }
  expect(await runInChild(childRun(folder))).toMatchObject({ killed: false });
  expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
  folder.remove();
});
