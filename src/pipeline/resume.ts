// What a resume takes over and what it does again. Finished stages stand; a stage that is not finished goes on after its
// last committed chunk; a file that is missing or damaged is written again, and an adapter trained or merged again.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { writeFileAtomically } from '../shared/atomic-file.js';
import { IsheepError } from '../shared/errors.js';
import { isIntact } from '../store/artifacts.js';
import { databaseName, RunStore } from '../store/run-store.js';
import { corruptRun } from '../store/store-error.js';
import type { StageName } from './events.js';
import { ensureFiles } from './iteration-files.js';
import { differences, type Difference, type RunRecord } from './run-config.js';
import { adapterName, adapterPath, mergedName, mergedPath, type RunContext } from './run-context.js';
import { removeCheckpoint } from './stages/train.js';

const configName = 'config.json';

const recordKey = 'record';

/** Opens the run's database, or starts one. Refuses a folder that lost its database. */
export function openStore(runDir: string): RunStore {
  const file = path.join(runDir, databaseName);
  const isStarted = existsSync(path.join(runDir, configName)) || existsSync(path.join(runDir, 'iterations'));
  if (isStarted && !existsSync(file)) throw corruptRun(file, 'the file is missing');
  if (isStarted && statSync(file).size === 0) throw corruptRun(file, 'the file is empty');
  return RunStore.open(runDir);
}

/** What the run was started as; undefined where it has not started. */
export function storedRecord(store: RunStore): RunRecord | undefined {
  return store.value(recordKey) as RunRecord | undefined;
}

/** Keeps what the run is, in the database and as config.json; the file is written again where it is missing or changed. */
export function storeRecord(store: RunStore, runDir: string, record: RunRecord): void {
  if (!isDeepStrictEqual(storedRecord(store), JSON.parse(JSON.stringify(record)))) store.setValue(recordKey, record);
  const file = path.join(runDir, configName);
  const text = `${JSON.stringify(record, null, 2)}\n`;
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileAtomically(file, text);
}

/** Throws `run-changed`, naming each key, where the run was started as something else. */
export function refuseChanges(runDir: string, started: RunRecord, asked: Omit<RunRecord, 'choices'>): void {
  const changed = differences(started, asked);
  if (changed.length === 0) return;
  throw new IsheepError(
    'run-changed',
    `the run ${runDir} was started with other settings: ${changed.map(inWords).join('; ')}`,
    {
      hint: 'continue it with the settings it was started with, or start a new run with another --run',
    },
  );
}

/** Whether a stage is finished and what it left is whole; where a file is missing or damaged, it is made again. */
export function isFinished(run: RunContext, iteration: number, stage: StageName): boolean {
  const { store, runDir } = run;
  if (store.finishedStage(iteration, stage) === undefined) return false;
  if (stage === 'train' && !isIntact(adapterPath(runDir, iteration), store.artifactHash(iteration, adapterName))) {
    run.report({
      kind: 'warning',
      message: `${adapterPath(runDir, iteration)} is missing or damaged; it is trained again from the same dataset`,
    });
    store.dropStage(iteration, 'train');
    store.dropStage(iteration, 'evaluate');
    store.dropStage(iteration, 'gate');
    store.dropStage(iteration, 'merge');
    return false;
  }
  if (stage === 'merge' && !isIntact(mergedPath(runDir, iteration), store.artifactHash(iteration, mergedName))) {
    run.report({
      kind: 'warning',
      message: `${mergedPath(runDir, iteration)} is missing or damaged; the adapter is merged again`,
    });
    store.dropStage(iteration, 'merge');
    return false;
  }
  leaveFiles(run, iteration, stage);
  return true;
}

/** Writes the files of a finished stage where they are not there as they should be, or where it was only now done. */
export function leaveFiles(run: RunContext, iteration: number, stage: StageName, isNew = false): void {
  ensureFiles(run, iteration, stage, isNew);
  if (stage === 'train') removeCheckpoint(run.runDir, iteration);
}

function inWords({ key, old, new: now }: Difference): string {
  return `${key} was ${old}, is now ${now}`;
}
