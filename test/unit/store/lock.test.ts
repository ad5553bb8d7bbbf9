import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { acquireLock, lockName } from '../../../src/store/lock.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'isheep-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a second lock on a run is refused and names the process that holds it', () => {
  const lock = acquireLock(dir);
  expect(() => acquireLock(dir)).toThrow(`the run ${dir} is in use by process ${process.pid}`);
  lock.release();
  acquireLock(dir).release();
});

test('a lock of a process that was killed is gone with it', async () => {
  const child = spawn(process.execPath, ['-e', holdLock(path.join(dir, lockName))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => acquireLock(dir)).toThrow(`is in use by process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  acquireLock(dir).release();
});

/** What acquireLock does, in a process of its own; the compiled package may not be there in a unit test. */
function holdLock(file: string): string {
  const libsql = createRequire(import.meta.url).resolve('libsql');
  return `
    const db = new (require(${JSON.stringify(libsql)}))(${JSON.stringify(file)});
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL)');
    db.exec('BEGIN IMMEDIATE; DELETE FROM holder; INSERT INTO holder VALUES (' + process.pid + '); COMMIT');
    db.exec('BEGIN IMMEDIATE');
    console.log('held');
    setInterval(() => db.inTransaction, 1000);
  `;
}
