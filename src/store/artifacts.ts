// The files of an iteration's folder that are written from the database, whole or not at all. Their bytes depend on the
// data only: keys stand in the order in which the row was built, and nothing holds a time or a path.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

import { writeFileAtomically } from '../shared/atomic-file.js';
import type { RunStore } from './run-store.js';

/** Bytes read at once while a file is hashed. */
const readBytes = 1 << 20;

export function iterationDir(runDir: string, iteration: number): string {
  return path.join(runDir, 'iterations', String(iteration));
}

/** JSON Lines: one object a line, each line ended by "\n". */
export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** sha256 of a file in hexadecimal. */
export function hashFile(file: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(readBytes);
  const descriptor = openSync(file, 'r');
  try {
    for (let n = readSync(descriptor, buffer); n > 0; n = readSync(descriptor, buffer))
      hash.update(buffer.subarray(0, n));
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}

/** Whether `file` is there with exactly the bytes that were recorded. */
export function isIntact(file: string, sha256: string | undefined): boolean {
  return sha256 !== undefined && existsSync(file) && hashFile(file) === sha256;
}

export interface Artifact {
  runDir: string;
  iteration: number;
  name: string;
  /** What is recorded of it may be of other rows than there are now. */
  isNew: boolean;
}

/** Writes an artifact where it is new, missing or not as it was recorded, and records it. `content` is made only then. */
export function ensureArtifact(
  store: RunStore,
  { runDir, iteration, name, isNew }: Artifact,
  content: () => string,
): 'intact' | 'written' {
  const file = path.join(iterationDir(runDir, iteration), name);
  if (!isNew && isIntact(file, store.artifactHash(iteration, name))) return 'intact';
  const text = content();
  writeFileAtomically(file, text);
  store.setArtifactHash(iteration, name, createHash('sha256').update(text).digest('hex'));
  return 'written';
}
