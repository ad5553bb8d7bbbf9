// Files that appear whole or not at all: written beside their place, synced, renamed.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from './errors.js';

/** Writes `content` (pieces are written one after the other) to `file`. Throws `not-enough-disk` where the disk is full. */
export function writeFileAtomically(file: string, content: string | Iterable<string>): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w');
  try {
    try {
      for (const piece of typeof content === 'string' ? [content] : content) writeFileSync(descriptor, piece);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskError(error, file);
  }
}

/** An error of the file system as `not-enough-disk` where that is what it is; any other as it came. */
export function diskError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new IsheepError('not-enough-disk', `the disk is full: could not write ${file}`, {
    hint: 'free some space; the same command continues where it stopped',
    cause: error,
  });
}
