// Files of pairs as other projects publish them: a JSON array or JSON Lines of {instruction, input?, output | response}.
import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { IsheepError } from '../shared/errors.js';

const rowSchema = z.object({
  instruction: z.string(),
  input: z.string().default(''),
  output: z.string().optional(),
  response: z.string().optional(),
  fault: z.string().optional(),
});

export interface FilePair {
  instruction: string;
  input: string;
  response: string;
  /** What is wrong with the response, in a word, where the file says so. */
  fault?: string;
}

/** Throws `bad-input` naming the first row that is no pair. */
export function readPairFile(file: string): FilePair[] {
  return rowsOf(file).map((row, i) => {
    const { data, success } = rowSchema.safeParse(row);
    const response = data?.response ?? data?.output;
    if (!success || response === undefined) {
      throw new IsheepError('bad-input', `row ${i + 1} of ${file} is no pair`, {
        hint: 'it needs the texts instruction and output (or response), and may have an input',
      });
    }
    const { instruction, input, fault } = data;
    return { instruction, input, response, ...(fault !== undefined && { fault }) };
  });
}

function rowsOf(file: string): unknown[] {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.trimStart().startsWith('[')) return JSON.parse(text) as unknown[];
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch (error) {
    throw new IsheepError('bad-input', `${file} cannot be read: ${(error as Error).message}`, {
      hint: 'it must be a JSON array or JSON Lines',
      cause: error,
    });
  }
}
