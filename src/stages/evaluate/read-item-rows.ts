// Reads a benchmark's JSON Lines file, of which there is more than one form: the hub's rows, and those of other programs.
import { z } from 'zod';

import { IsheepError } from '../../shared/errors.js';
import { readJsonLines } from '../../shared/jsonl.js';

/** One form of a benchmark's rows. */
export interface RowForm<T> {
  /** The field that tells this form from the others. */
  has: string;
  /** The item of a row, or the issues that zod found, or what else is wrong with it. */
  read(row: Readonly<Record<string, unknown>>): T | readonly z.core.$ZodIssue[] | string;
}

export function rowForm<Row, T extends object>(
  has: string,
  schema: z.ZodType<Row>,
  toItem: (row: Row) => T | string,
): RowForm<T> {
  return {
    has,
    read: (row) => {
      const parsed = schema.safeParse(row);
      return parsed.success ? toItem(parsed.data) : parsed.error.issues;
    },
  };
}

/** Items in the order of the file. A row is of the first form whose field it has, and of the last one otherwise. A row without
 *  a key of its own is named by its place, from 0 on as in lm-evaluation-harness. Throws `bad-input` that names all bad
 *  lines, ids that repeat among them. */
export function readItemRows<T extends { id?: string }>(
  file: string,
  forms: readonly [RowForm<T>, ...RowForm<T>[]],
): (T & { id: string })[] {
  const rows = readJsonLines(file, itemSchema(forms));
  if (rows.length === 0) throw noItems(file);
  return rows.map((row, i) => ({ ...row, id: row.id ?? String(i) }));
}

export function noItems(file: string): IsheepError {
  return new IsheepError('bad-input', `${file} holds no items`, { hint: 'give the whole file of the benchmark' });
}

function itemSchema<T>(forms: readonly [RowForm<T>, ...RowForm<T>[]]): z.ZodType<T> {
  return z.looseObject({}).transform((row, context): T => {
    const form = forms.find(({ has }) => has in row) ?? forms.at(-1) ?? forms[0];
    const read = form.read(row);
    if (typeof read === 'string') context.addIssue(read);
    else if (isIssues(read))
      read.forEach((issue) => context.issues.push({ ...issue, input: row } as z.core.$ZodRawIssue));
    else return read;
    return z.NEVER;
  });
}

function isIssues(read: unknown): read is readonly z.core.$ZodIssue[] {
  return Array.isArray(read);
}
