// One process a run. The lock is a transaction that stays open on a small SQLite file of its own: the operating system
// takes it back when the process ends, however it ends, so no stale lock can be left behind.
import Database from 'libsql';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from '../shared/errors.js';
import { isBusy, storeError } from './store-error.js';

export const lockName = 'run.lock';

/** How often the lock is tried again where another process took it while this one wrote its process id. */
const attempts = 5;

/** Milliseconds to wait for one that only looks whether the run is locked. */
const busyTimeoutMs = 200;

export interface RunLock {
  release(): void;
}

/** Throws `run-locked`, with the process that holds it, where another one works on the run. */
export function acquireLock(runDir: string): RunLock {
  mkdirSync(runDir, { recursive: true });
  const file = path.join(runDir, lockName);
  const connection = new Database(file);
  try {
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    connection.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL)');
    for (let attempt = 0; attempt < attempts; attempt++) {
      // Readers must see the process id while the lock is held, so it is committed first and the lock taken again.
      connection.exec(`BEGIN IMMEDIATE; DELETE FROM holder; INSERT INTO holder VALUES (${process.pid}); COMMIT;`);
      connection.exec('BEGIN IMMEDIATE');
      if (holder(connection) === process.pid) return { release: () => release(connection) };
      connection.exec('ROLLBACK');
    }
    throw locked(runDir, holder(connection));
  } catch (error) {
    const pid = isBusy(error) ? holder(connection) : undefined;
    connection.close();
    throw isBusy(error) ? locked(runDir, pid) : storeError(error, file);
  }
}

/** Whether a process works on the run at this moment. */
export function isLocked(runDir: string): boolean {
  const file = path.join(runDir, lockName);
  if (!existsSync(file)) return false;
  const connection = new Database(file);
  try {
    connection.exec('BEGIN IMMEDIATE; ROLLBACK;');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw storeError(error, file);
  } finally {
    connection.close();
  }
}

/** The transaction is ended by itself: libsql closes a file only once its statements are collected. */
function release(connection: InstanceType<typeof Database>): void {
  if (!connection.open) return;
  connection.exec('ROLLBACK');
  connection.close();
}

function holder(connection: InstanceType<typeof Database>): number | undefined {
  try {
    return (connection.prepare('SELECT pid FROM holder').all([]) as { pid: number }[])[0]?.pid;
  } catch {
    return undefined;
  }
}

function locked(runDir: string, pid: number | undefined): IsheepError {
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new IsheepError('run-locked', `the run ${runDir} is in use by ${who}`, {
    hint: 'wait for it, stop it, or choose another folder with --run; `isheep status` may look at it meanwhile',
  });
}
