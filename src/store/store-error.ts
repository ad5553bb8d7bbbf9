// What SQLite reports, as an error for the person who runs the loop. Knows codes only, no tables.
import { statfsSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from '../shared/errors.js';

/** Space below which an input/output error of SQLite is read as a full disk: it cannot tell the two apart everywhere. */
const nearlyFullBytes = 1024 * 1024;

/** `error` as an IsheepError where its cause is the disk or the file; anything else as it came. */
export function storeError(error: unknown, file: string): unknown {
  if (error instanceof IsheepError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (isDamaged(error)) return corruptRun(file, error.message, error);
  if (code.startsWith('SQLITE_FULL') || (code.startsWith('SQLITE_IOERR') && isNearlyFull(file))) {
    return new IsheepError('not-enough-disk', `the disk is full: could not write ${file}`, {
      hint: 'free some space; everything committed is kept and the same command continues',
      cause: error,
    });
  }
  return error;
}

export function corruptRun(file: string, what: string, cause?: unknown): IsheepError {
  return new IsheepError('corrupt-run', `${file} cannot be read as a run database: ${what}`, {
    hint: 'put back a copy of it, or start anew with another --run; the files under iterations/ are as they were',
    cause,
  });
}

/** Whether the file is no database, or no longer one. */
export function isDamaged(error: unknown): error is Error {
  return error instanceof Error && /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

/** Whether another connection holds the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && codeOf(error).startsWith('SQLITE_BUSY');
}

function codeOf(error: Error & { code?: unknown }): string {
  return typeof error.code === 'string' ? error.code : '';
}

function isNearlyFull(file: string): boolean {
  try {
    const disk = statfsSync(path.dirname(file));
    return disk.bavail * disk.bsize < nearlyFullBytes;
  } catch {
    return false;
  }
}
