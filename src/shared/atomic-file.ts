// Files that appear whole or not at all: written beside their place, synced, renamed, and the folder synced.
import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from './errors.js';
import { placeOf, refuseUnwritable } from './writable.js';

/** A file that is being written; it stands in its place only after `commit`. */
export interface AtomicFile {
  write(piece: string): void;
  /** Syncs the file, moves it to its place, and syncs the folder. */
  commit(): void;
  /** Leaves no trace; harmless after `commit`. */
  discard(): void;
}

/** Starts a file whose content comes piece by piece. Throws `not-enough-disk` where the disk is full, and `bad-input` where
 *  there can be no such file. */
export function createAtomicFile(file: string): AtomicFile {
  refuseUnwritable(file);
  const place = placeOf(file);
  mkdirSync(path.dirname(place), { recursive: true });
  const temporary = `${place}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w');
  let open = true;
  const discard = () => {
    if (!open) return;
    open = false;
    closeSync(descriptor);
    rmSync(temporary, { force: true });
  };
  const guarded = (action: () => void) => {
    try {
      action();
    } catch (error) {
      discard();
      throw diskError(error, file);
    }
  };
  return {
    write: (piece) => guarded(() => writeFileSync(descriptor, piece)),
    commit: () => {
      guarded(() => fsyncSync(descriptor));
      open = false;
      closeSync(descriptor);
      renameSync(temporary, place);
      syncFolder(path.dirname(place));
    },
    discard,
  };
}

/** Writes `content` (pieces are written one after the other) to `file`. Throws `not-enough-disk` where the disk is full. */
export function writeFileAtomically(file: string, content: string | Iterable<string>): void {
  const target = createAtomicFile(file);
  try {
    for (const piece of typeof content === 'string' ? [content] : content) target.write(piece);
    target.commit();
  } finally {
    target.discard();
  }
}

/** A copy of a file of any size, which stands in its place whole. Throws `not-enough-disk` where the disk is full. */
export function copyFileAtomically(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}.tmp`;
  try {
    copyFileSync(from, temporary);
    const descriptor = openSync(temporary, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, to);
    syncFolder(path.dirname(to));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskError(error, to);
  }
}

/** Makes a rename survive a loss of power. Systems that cannot open a folder (Windows) need no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
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
