import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { RunStore } from '../../../src/store/run-store.js';
import { storeVersion } from '../../../src/store/schema.js';
import { storeError } from '../../../src/store/store-error.js';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'isheep-store-'));
  file = path.join(dir, 'run.db');
});
afterEach(() => rmSync(dir, { recursive: true }));

const row = (kind: string, id: string, data: unknown = { id }) => ({ kind, id, data });
const chunk = (n: number, rows = [row('pair', `p-${n}`)], info: unknown = { n }) => ({
  iteration: 1,
  stage: 'respond',
  chunk: n,
  seconds: 2,
  info,
  rows,
});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'no error';
}

describe('RunStore', () => {
  test('rows come back in the order of their chunks, each kind by itself, also after reopening', () => {
    const store = RunStore.open(dir);
    store.commitChunk(chunk(0, [row('pair', 'b'), row('completion', 'x'), row('pair', 'a')]));
    store.commitChunk(chunk(1, [row('pair', 'c', { id: 'c', text: 'ünïcode\u2028"' })]));
    store.close();
    const again = RunStore.openExisting(dir);
    expect(again.rows(1, 'respond', 'pair')).toEqual([{ id: 'b' }, { id: 'a' }, { id: 'c', text: 'ünïcode\u2028"' }]);
    expect(again.countRows(1, 'respond', 'completion')).toBe(1);
    expect(again.chunkInfos(1, 'respond')).toEqual([{ n: 0 }, { n: 1 }]);
    expect(again.rows(2, 'respond', 'pair')).toEqual([]);
    again.close();
  });

  test('a chunk whose rows cannot all be written leaves nothing of itself', () => {
    const store = RunStore.open(dir);
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(() => store.commitChunk(chunk(0, [row('pair', 'a'), row('pair', 'b', circular)]))).toThrow(/circular/);
    expect(store.rows(1, 'respond', 'pair')).toEqual([]);
    expect(store.chunkInfos(1, 'respond')).toEqual([]);
    store.commitChunk(chunk(0));
    expect(store.rows(1, 'respond', 'pair')).toEqual([{ id: 'p-0' }]);
    store.close();
  });

  test('a stage is finished only once it is marked, and its seconds include its chunks', () => {
    const store = RunStore.open(dir);
    store.commitChunk(chunk(0));
    store.commitChunk(chunk(1));
    expect(store.finishedStage(1, 'respond')).toBeUndefined();
    store.finishStage(1, 'respond', 0.5, { ok: true });
    expect(store.finishedStage(1, 'respond')).toEqual({ seconds: 4.5, result: { ok: true } });
    store.dropStage(1, 'respond');
    expect(store.finishedStage(1, 'respond')).toBeUndefined();
    expect(store.rows(1, 'respond', 'pair')).toEqual([]);
    store.close();
  });

  test('a row that is committed again replaces the earlier one', () => {
    const store = RunStore.open(dir);
    store.commitRow(1, 'train', 3, row('step', 'step-3', { loss: 2 }));
    store.commitRow(1, 'train', 2, row('step', 'step-2', { loss: 3 }));
    store.commitRow(1, 'train', 3, row('step', 'step-3', { loss: 1 }));
    expect(store.rows(1, 'train', 'step')).toEqual([{ loss: 3 }, { loss: 1 }]);
    store.close();
  });

  test('a missing chunk is a damaged database', () => {
    const store = RunStore.open(dir);
    store.commitChunk(chunk(1));
    expect(() => store.chunkInfos(1, 'respond')).toThrow(
      `${file} cannot be read as a run database: chunk 0 of respond`,
    );
    store.close();
  });

  test('a reader sees what a writer has committed, while the writer goes on', () => {
    const writer = RunStore.open(dir);
    writer.commitChunk(chunk(0));
    const reader = RunStore.openExisting(dir);
    writer.commitChunk(chunk(1));
    expect(reader.chunkInfos(1, 'respond')).toHaveLength(2);
    reader.close();
    writer.commitChunk(chunk(2));
    writer.close();
  });

  test('a folder without a run is bad input', () => {
    expect(() => RunStore.openExisting(dir)).toThrow(`no run in ${dir}: it has no run.db`);
    expect(codeOf(() => RunStore.openExisting(dir))).toBe('bad-input');
  });
});

describe('a damaged database', () => {
  beforeEach(() => {
    const whole = path.join(dir, 'whole');
    const store = RunStore.open(whole);
    for (let n = 0; n < 20; n++) store.commitChunk(chunk(n, [row('pair', `p-${n}`, { text: 'x'.repeat(5000) })]));
    store.close();
    copyFileSync(path.join(whole, 'run.db'), file);
  });

  test.each([
    ['is empty', () => truncateSync(file, 0)],
    ['is cut in the middle of a page', () => truncateSync(file, 10_000)],
    ['is cut at a page', () => truncateSync(file, 8192)],
    ['is text', () => writeFileSync(file, 'this is not a database\n'.repeat(500))],
    ['has garbage in the middle', () => damage(file)],
  ])('that %s is corrupt-run, not a crash', (_, spoil) => {
    spoil();
    expect(codeOf(() => RunStore.openExisting(dir))).toBe('corrupt-run');
  });

  test('a row that is not JSON is corrupt-run', () => {
    const raw = new Database(file);
    raw.exec(`UPDATE rows SET data = '{"cut' WHERE id = 'p-7'`);
    raw.close();
    const store = RunStore.openExisting(dir);
    expect(codeOf(() => store.rows(1, 'respond', 'pair'))).toBe('corrupt-run');
    store.close();
  });

  test('one of another version is run-changed, and says what to do', () => {
    const raw = new Database(file);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    expect(() => RunStore.open(dir)).toThrow(
      `${file} was made by another version of isheep: its store has version 99, this one reads ${storeVersion}`,
    );
    expect(codeOf(() => RunStore.open(dir))).toBe('run-changed');
  });

  test('bytes after the end do no harm', () => {
    appendFileSync(file, 'rest');
    const store = RunStore.openExisting(dir);
    expect(store.countRows(1, 'respond', 'pair')).toBe(20);
    store.close();
  });
});

test('a full database is not-enough-disk, with the file and what to do', () => {
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  expect(storeError(full, file)).toMatchObject({
    code: 'not-enough-disk',
    message: `the disk is full: could not write ${file}`,
    hint: 'free some space; everything committed is kept and the same command continues',
    cause: full,
  });
});

test('an input or output error on a disk with space left stays what it is', () => {
  const broken = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
  expect(storeError(broken, file)).toBe(broken);
});

function damage(target: string): void {
  const bytes = readFileSync(target);
  bytes.fill(0xa5, Math.floor(bytes.length / 3), Math.floor((bytes.length * 2) / 3));
  writeFileSync(target, bytes);
}
