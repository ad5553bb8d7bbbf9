// JSON Lines in and out (contract.md): UTF-8, one object a line, split on "\n" only. A byte order mark, "\r" before "\n" and
// blank lines are tolerated.
import type { z } from 'zod';

import { IsheepError } from './errors.js';
import { groupBy } from './group-by.js';
import { decodeText, readBytes } from './read-file.js';
import { describeIssues, shorten } from './schema-problems.js';

/** Entries that an error lists, and stretches of lines in one; of more, only the number of lines is told. */
const mostListed = 20;

/** So many lines that are bad for the same reason each have an entry; more of them have one together. */
const mostAlike = 3;

export interface NumberedRow<T> {
  line: number;
  row: T;
}

interface BadLine {
  line: number;
  reason: string;
}

/** Rows of the file, in order. Throws `bad-input` that names all bad lines: no UTF-8, no JSON object, not as the schema
 *  wants it, or an `id` that an earlier line has. */
export function readJsonLines<T>(file: string, schema: z.ZodType<T>): T[] {
  return parseJsonLines(readBytes(file), file, schema);
}

/** As readJsonLines, for bytes; `name` is the file that the errors name. */
export function parseJsonLines<T>(bytes: Uint8Array, name: string, schema: z.ZodType<T>): T[] {
  return parseNumberedJsonLines(bytes, name, schema).map(({ row }) => row);
}

/** As readJsonLines, each row with the number of its line, counted from 1. */
export function readNumberedJsonLines<T>(file: string, schema: z.ZodType<T>): NumberedRow<T>[] {
  return parseNumberedJsonLines(readBytes(file), file, schema);
}

/** As readNumberedJsonLines, for bytes. */
export function parseNumberedJsonLines<T>(bytes: Uint8Array, name: string, schema: z.ZodType<T>): NumberedRow<T>[] {
  const rows: NumberedRow<T>[] = [];
  const bad: BadLine[] = [];
  const lineOfId = new Map<string, number>();
  splitLines(bytes).forEach((lineBytes, i) => {
    const line = i + 1;
    const row = parseLine(lineBytes, schema);
    if (row === undefined) return;
    const reason = row.reason ?? repeatedId(row.value, line, lineOfId);
    if (reason !== undefined) bad.push({ line, reason });
    else rows.push({ line, row: row.value as T });
  });
  if (bad.length > 0) throw badLines(name, bad);
  return rows;
}

/** One line a row, each ended by "\n". */
export function toJsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let start = hasMark ? 3 : 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** undefined for a blank line. */
function parseLine<T>(bytes: Uint8Array, schema: z.ZodType<T>): { value?: T; reason?: string } | undefined {
  const text = decodeText(bytes);
  if (text === undefined) return { reason: 'not valid UTF-8' };
  if (text.trim() === '') return undefined;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { reason: `not valid JSON: ${shorten(text)}` };
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return { reason: `not an object: ${shorten(text)}` };
  const result = schema.safeParse(raw);
  return result.success ? { value: result.data } : { reason: describeIssues(result.error, raw) };
}

function repeatedId(row: unknown, line: number, lineOfId: Map<string, number>): string | undefined {
  const { id } = row as { id?: unknown };
  if (typeof id !== 'string') return undefined;
  const earlier = lineOfId.get(id);
  if (earlier !== undefined) return `id ${JSON.stringify(id)} is that of line ${earlier} already`;
  lineOfId.set(id, line);
  return undefined;
}

function badLines(name: string, bad: readonly BadLine[]): IsheepError {
  const entries = entriesOf(bad);
  const listed = entries.slice(0, mostListed).map(({ lines, reason }) => `${name}:${inStretches(lines)}: ${reason}`);
  const more = entries.slice(mostListed).reduce((sum, { lines }) => sum + lines.length, 0);
  const count = bad.length === 1 ? '1 bad line' : `${bad.length} bad lines`;
  return new IsheepError('bad-input', `${count} in ${name}: ${[...listed, ...andMore(more)].join('; ')}`, {
    hint: 'each line must be one JSON object with the fields of its kind of row',
  });
}

/** In the order of their first lines. */
function entriesOf(bad: readonly BadLine[]): { lines: number[]; reason: string }[] {
  const entries = [...groupBy(bad, ({ reason }) => reason)].flatMap(([reason, alike]) => {
    const lines = alike.map(({ line }) => line);
    return lines.length > mostAlike ? [{ lines, reason }] : lines.map((line) => ({ lines: [line], reason }));
  });
  return entries.sort((a, b) => (a.lines[0] ?? 0) - (b.lines[0] ?? 0));
}

/** Ascending numbers: "1-3,7". */
function inStretches(lines: readonly number[]): string {
  const stretches: { first: number; last: number }[] = [];
  for (const line of lines) {
    const stretch = stretches.at(-1);
    if (stretch?.last === line - 1) stretch.last = line;
    else stretches.push({ first: line, last: line });
  }
  const more = stretches.slice(mostListed).reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const listed = stretches.slice(0, mostListed).map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  return [listed.join(','), ...andMore(more)].join(' ');
}

function andMore(lines: number): string[] {
  return lines === 0 ? [] : [`and ${lines} more`];
}
