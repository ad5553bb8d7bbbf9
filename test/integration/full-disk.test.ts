// A disk that fills up ends a run with one clear error; what was committed stays, and with space the run continues to the
// same bytes. On a real small disk where one can be mounted, and where not, with the error that SQLite gives then.
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { runLoop } from '../../src/pipeline/run.js';
import { IsheepError } from '../../src/shared/errors.js';
import { RunStore, type StoredChunk } from '../../src/store/run-store.js';
import { storeError } from '../../src/store/store-error.js';
import { fakeRun, runFolder, stableFiles, type RunFolder } from '../support/run-folder.js';
import { mountSmallDisk } from '../support/small-disk.js';

afterEach(() => vi.restoreAllMocks());

async function failure(folder: RunFolder): Promise<IsheepError> {
  return runLoop(fakeRun(folder)).then(
    () => {
      throw new Error('the disk was large enough');
    },
    (error: unknown) => {
      if (error instanceof IsheepError) return error;
      throw error;
    },
  );
}

/** The disk is full for the n-th chunk that is committed, and has space again afterwards. */
function failAtChunk(n: number): void {
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  const commit = Reflect.get(RunStore.prototype, 'commitChunk') as (this: RunStore, chunk: StoredChunk) => void;
  let chunks = 0;
  vi.spyOn(RunStore.prototype, 'commitChunk').mockImplementation(function (this: RunStore, chunk) {
    if (++chunks === n) throw storeError(full, this.file);
    commit.call(this, chunk);
  });
}

test.each([8192, 40_000, 150_000, 250_000, 400_000, 600_000])(
  'a disk of %d bytes that fills up is not-enough-disk, and with space the run continues to the same bytes',
  async (bytes) => {
    const undisturbed = runFolder();
    await runLoop(fakeRun(undisturbed));
    const disk = mountSmallDisk(bytes);
    const folder = runFolder();
    const onDisk = { ...folder, runDir: disk === undefined ? folder.runDir : path.join(disk.dir, 'run') };
    if (disk === undefined) failAtChunk(Math.round(bytes / 50_000));
    const error = await failure(onDisk);
    expect(error.code).toBe('not-enough-disk');
    expect(error.message).toMatch(/^the disk is full: could not write /);
    expect(error.hint).toContain('the same command continues');
    disk?.grow(50_000_000);
    await runLoop(fakeRun(onDisk));
    expect(stableFiles(onDisk.runDir)).toEqual(stableFiles(undisturbed.runDir));
    disk?.remove();
    folder.remove();
    undisturbed.remove();
  },
);

test('a chunk that found no space leaves the chunks before it, and the run continues to the same bytes', async () => {
  const undisturbed = runFolder();
  await runLoop(fakeRun(undisturbed));
  const folder = runFolder();
  for (const chunk of [1, 2, 5]) {
    failAtChunk(chunk);
    expect((await failure(folder)).message).toBe(
      `the disk is full: could not write ${path.join(folder.runDir, 'run.db')}`,
    );
    vi.restoreAllMocks();
  }
  await runLoop(fakeRun(folder));
  expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
  folder.remove();
  undisturbed.remove();
});
