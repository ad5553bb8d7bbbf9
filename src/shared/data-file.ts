// Rows of data files as others publish them: JSON Lines or one JSON list, either one packed by gzip or not.
import { gunzipSync } from 'node:zlib';
import type { z } from 'zod';

import { IsheepError } from './errors.js';
import { type NumberedRow, parseNumberedJsonLines } from './jsonl.js';
import { decodeText, readBytes } from './read-file.js';

export interface DataRow<T> extends NumberedRow<T> {
  /** As it stands in the file: numbers keep all of their digits there. */
  text: string;
}

/** Rows with the number of their line, or in a list of their entry, counted from 1. Throws `bad-input` that names all bad
 *  ones, as readJsonLines does, or says why the file cannot be read. */
export function readDataRows<T>(file: string, schema: z.ZodType<T>): DataRow<T>[] {
  const bytes = unpacked(file);
  const entries = listEntries(bytes, file);
  const rows =
    entries === undefined
      ? parseNumberedJsonLines(bytes, file, schema)
      : parseNumberedJsonLines(Buffer.from(entries.join('\n')), `${file}, entry`, schema);
  const texts = entries ?? (decodeText(bytes) ?? '').split('\n');
  return rows.map((row) => ({ ...row, text: texts[row.line - 1] ?? '' }));
}

function unpacked(file: string): Uint8Array {
  const bytes = readBytes(file);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new IsheepError(
      'bad-input',
      `${file} is packed by gzip and cannot be unpacked: ${(error as Error).message}`,
      {
        hint: 'get the file again',
        cause: error,
      },
    );
  }
}

/** One text an entry; undefined where the file is no list. */
function listEntries(bytes: Uint8Array, file: string): string[] | undefined {
  const text = decodeText(bytes);
  if (text === undefined || !/^\uFEFF?\s*\[/.test(text)) return undefined;
  try {
    return (JSON.parse(text.replace(/^\uFEFF/, '')) as unknown[]).map((entry) => JSON.stringify(entry));
  } catch (error) {
    throw new IsheepError('bad-input', `${file} begins like a JSON list and is none: ${(error as Error).message}`, {
      hint: 'get the file again, or write one JSON object a line',
      cause: error,
    });
  }
}
