// Reads a file that is one JSON value.
import type { z } from 'zod';

import { IsheepError } from './errors.js';
import { readText } from './read-file.js';

const listed = 20;

/** Throws `bad-input`: no JSON, or every place where it is not as the schema wants it. */
export function readJsonFile<T>(file: string, schema: z.ZodType<T>): T {
  let raw: unknown;
  try {
    raw = JSON.parse(readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new IsheepError('bad-input', `${file} is not valid JSON: ${error.message}`, {
      hint: 'give the file as it was published',
    });
  }
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw badPlaces(
    file,
    result.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'the whole'}: ${message}`),
  );
}

/** An error that lists what is wrong with a file. */
export function badPlaces(file: string, problems: readonly string[]): IsheepError {
  const more = problems.length > listed ? `; and ${problems.length - listed} more` : '';
  return new IsheepError('bad-input', `${file}: ${problems.slice(0, listed).join('; ')}${more}`, {
    hint: 'give the file as it was published',
  });
}

/** Throws `bad-input` that names each id that is there more than once. */
export function refuseRepeated(file: string, ids: readonly string[]): void {
  const seen = new Set<string>();
  const repeated = ids.filter((id) => seen.size === seen.add(id).size);
  if (repeated.length > 0)
    throw badPlaces(
      file,
      repeated.map((id) => `the id ${JSON.stringify(id)} is there again`),
    );
}
