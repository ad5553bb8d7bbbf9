// Reads answers that another program gave to questions: a JSON object {key: answer}, as the official scripts take it, or
// lines of {id, response}.
import { z } from 'zod';

import { decodeText, readBytes } from '../../shared/read-file.js';
import { badPlaces, readJsonFile } from '../../shared/json-file.js';
import { readJsonLines } from '../../shared/jsonl.js';

const responseSchema = z.object({ id: z.string().min(1, 'must not be empty'), response: z.string() });

/** Answers by key, in the order of the file. Throws `bad-input` for bad lines and for keys that `isKnown` does not know. */
export function readPredictions(file: string, isKnown: (key: string) => boolean): Map<string, string> {
  const predictions = isObject(file)
    ? new Map(Object.entries(readJsonFile(file, z.record(z.string(), z.string()))))
    : new Map(readJsonLines(file, responseSchema).map(({ id, response }) => [id, response]));
  const unknown = [...predictions.keys()].filter((key) => !isKnown(key));
  if (unknown.length > 0) {
    throw badPlaces(
      file,
      unknown.map((key) => `there is no item ${JSON.stringify(key)}`),
    );
  }
  if (predictions.size === 0) throw badPlaces(file, ['it holds no answers']);
  return predictions;
}

/** Whether the file is one object that is no {id, response} line. */
function isObject(file: string): boolean {
  try {
    const value: unknown = JSON.parse(decodeText(readBytes(file)) ?? '');
    return typeof value === 'object' && value !== null && !('response' in value && 'id' in value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
