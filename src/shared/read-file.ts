// Reads a file that a person named; what cannot be read is their input, not a bug of ours.
import { readFileSync } from 'node:fs';

import { IsheepError } from './errors.js';

/** Why a path that a person gave cannot be used, by the code of the error. */
export const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder, not a file',
  EEXIST: 'it is a file, not a folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
};

/** What an error says of a file that could not be read. */
export function whyUnreadable(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return fileReasons[code] ?? message;
}

/** Throws `bad-input` that says why the file cannot be read. */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new IsheepError('bad-input', `cannot read ${file}: ${whyUnreadable(error)}`, {
      hint: 'check the path',
      cause: error,
    });
  }
}

/** A text file without a byte order mark, lines ended by "\n". Throws `bad-input` where it is not UTF-8. */
export function readText(file: string): string {
  const text = decodeText(readBytes(file));
  if (text !== undefined) return text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  throw new IsheepError('bad-input', `${file} is not valid UTF-8`, { hint: 'save it as UTF-8 plain text' });
}

/** undefined where the bytes are not UTF-8. A byte order mark stays. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
