// Files of rows for the commands that read and write them, in a folder of each test's own.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'isheep-verbs-'));
});

/** A file of the test's folder, with rows where they are given; '' names the folder. */
export function file(name: string, rows?: readonly object[]): string {
  const place = path.join(folder, name);
  if (rows) writeFileSync(place, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return place;
}

export function rowsOf(place: string): Record<string, unknown>[] {
  return readFileSync(place, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export const pairs = Array.from({ length: 12 }, (_, i) => ({
  id: `p${i}`,
  instruction: `Describe the thing that has the number ${i * 7919} in a few words`,
  input: '',
  response: `A thing of its own kind, called number ${i * 104729}, which is neither large nor small.`,
  note: `kept ${i}`,
}));
