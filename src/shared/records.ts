// Reads files that may be JSON Lines or one JSON list, packed by gzip or not, as benchmarks are published in all of these;
// which one it is, the first bytes tell.
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

import { IsheepError } from './errors.js';
import { parseNumberedJsonLines } from './jsonl.js';
import { describeIssues, shorten } from './schema-problems.js';
import { decodeText, readBytes } from './read-file.js';

export interface PlacedRecord<T> {
  /** For messages: "answers.jsonl:12", or "answers.json, record 12". */
  place: string;
  record: T;
  /** The record as JSON; of JSON Lines as it stands in the file, where numbers have all of their digits. */
  text: string;
}

/** Problems that an error lists; of more, only the number is told. */
const listedProblems = 20;

/** Records of the file, in order. Throws `bad-input` that names all that are not as the schema wants them. */
export function readRecords<T>(file: string, schema: z.ZodType<T>): PlacedRecord<T>[] {
  const bytes = unpacked(file);
  const text = (decodeText(bytes) ?? '').replace(/^\uFEFF/, '');
  if (text.trimStart().startsWith('[')) return listRecords(file, text, schema);
  const lines = text.split('\n');
  return parseNumberedJsonLines(bytes, file, schema).map(({ line, row }) => ({
    ...{ place: `${file}:${line}`, record: row },
    text: lines[line - 1] ?? '',
  }));
}

function unpacked(file: string): Uint8Array {
  const bytes = readBytes(file);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw badRecords(file, [`${file} cannot be unpacked: ${(error as Error).message}`], 'get the file again');
  }
}

/** As readRecords, of a file that may have one of several forms: its first record has the field of the first form that fits;
 *  of none, it must be of the last form. */
export function readRecordsOf<T>(
  file: string,
  forms: readonly { field: string; schema: z.ZodType<T> }[],
): PlacedRecord<T>[] {
  const first = readRecords(file, z.looseObject({}))[0]?.record ?? {};
  const form = forms.find(({ field }) => field in first) ?? forms.at(-1);
  return form === undefined ? [] : readRecords(file, form.schema);
}

function listRecords<T>(file: string, text: string, schema: z.ZodType<T>): PlacedRecord<T>[] {
  const problems: string[] = [];
  const records = parseList(file, text).flatMap((raw, i) => {
    const place = `${file}, record ${i + 1}`;
    const result = schema.safeParse(raw);
    if (result.success) return [{ place, record: result.data, text: JSON.stringify(raw) }];
    const isObject = typeof raw === 'object' && raw !== null;
    problems.push(`${place}: ${isObject ? describeIssues(result.error, raw) : `not an object: ${shortJson(raw)}`}`);
    return [];
  });
  if (problems.length > 0) throw badRecords(file, problems, 'each record must have the fields of its kind');
  return records;
}

function parseList(file: string, text: string): unknown[] {
  try {
    return JSON.parse(text) as unknown[];
  } catch (error) {
    throw badRecords(file, [`${file}: not valid JSON: ${(error as Error).message}`], 'get the file again');
  }
}

/** `bad-input` that lists the problems of a file; each of them begins with its place. */
export function badRecords(file: string, problems: readonly string[], hint: string): IsheepError {
  const more = problems.length > listedProblems ? [`and ${problems.length - listedProblems} more`] : [];
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const listed = [...problems.slice(0, listedProblems), ...more].join('; ');
  return new IsheepError('bad-input', `${count} in ${file}: ${listed}`, { hint });
}

/** Why a record's key cannot be, where an earlier one has it; `placeOf` collects the keys. */
export function repeatedKey(key: string, place: string, placeOf: Map<string, string>): string | undefined {
  const earlier = placeOf.get(key);
  if (earlier === undefined) placeOf.set(key, place);
  return earlier === undefined ? undefined : `${place}: ${shortJson(key)} is that of ${earlier} already`;
}

function shortJson(value: unknown): string {
  return shorten(JSON.stringify(value));
}
