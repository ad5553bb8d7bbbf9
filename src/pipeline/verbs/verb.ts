// What the single stages on files share: the forms of their rows, where rows go, and how work is told and interrupted.
import { z } from 'zod';

import { type CallOptions, isFailed, type Generated, type Scored } from '../../engine/engine.js';
import { createAtomicFile, type AtomicFile } from '../../shared/atomic-file.js';
import { IsheepError } from '../../shared/errors.js';
import { constraintProblem } from '../../shared/constraints/check.js';
import { toJsonLines } from '../../shared/jsonl.js';
import { messageSchema } from '../../shared/row-schemas.js';
import type { Pair } from '../../shared/rows.js';

export interface VerbCall {
  /** Called while it works; `done` of `total` rows, and tokens generated so far where any are. */
  onProgress?: (progress: { done: number; total: number; tokens: number }) => void;
  /** Finish the chunk, then stop. */
  stop?: AbortSignal;
  /** Cancel what runs. */
  cancel?: AbortSignal;
}

/** A file, or a function that takes the text (standard output). */
export type RowTarget = { file: string } | { print: (text: string) => void };

const id = z.string().min(1);

/** Fields that a schema does not name are kept (contract.md, "Every command"). */
export const promptRowSchema = z
  .looseObject({ id, prompt: z.string().optional(), messages: z.array(messageSchema).nonempty().optional() })
  .refine((row) => (row.prompt === undefined) !== (row.messages === undefined), 'needs either prompt or messages');

export const continuationRowSchema = promptRowSchema.safeExtend({ continuation: z.string() });

/** Of a family that is known, with parameters of its own. */
const constraintSchema = z
  .object({ family: z.string(), parameters: z.record(z.string(), z.unknown()) })
  .superRefine((constraint, context) => {
    const message = constraintProblem(constraint);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

export const pairRowSchema = z.looseObject({
  id,
  instruction: z.string().min(1),
  input: z.string().default(''),
  response: z.string(),
  system: z.string().optional(),
  constraints: z.array(constraintSchema).optional(),
  trainedTokens: z
    .number()
    .int()
    .refine((count) => count !== 0, 'must not be 0')
    .optional(),
  weight: z.number().positive().optional(),
  source: z.record(z.string(), z.unknown()).optional(),
});

export type PromptFileRow = z.infer<typeof promptRowSchema>;
export type ContinuationRow = z.infer<typeof continuationRowSchema>;
export type PairRow = z.infer<typeof pairRowSchema>;

/** Prompt of a row, as the engine takes it. */
export function promptOf(row: PromptFileRow): { text: string } | { messages: NonNullable<PromptFileRow['messages']> } {
  return row.messages ? { messages: row.messages } : { text: row.prompt ?? '' };
}

/** A row as the stages take it. */
export function asPair({ system, source, constraints, trainedTokens, weight, ...pair }: PairRow): Pair {
  return {
    ...pair,
    ...(constraints === undefined ? {} : { constraints }),
    ...(trainedTokens === undefined ? {} : { trainedTokens }),
    ...(weight === undefined ? {} : { weight }),
    ...(system === undefined ? {} : { system }),
    ...(source === undefined ? {} : { source }),
  };
}

/** A row without the fields named: what is left is kept in the output row. */
export function without(row: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

/** The rows; throws `bad-input` for a file without any. */
export function nonEmpty<T>(rows: T[], file: string): T[] {
  if (rows.length > 0) return rows;
  throw new IsheepError('bad-input', `${file} has no rows`, { hint: 'it should hold one JSON object a line' });
}

/** Slices of at most `size`, in order. */
export function chunksOf<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
}

/** Writes rows as they come; a file appears only when `work` is through. */
export async function writeRows<T>(
  target: RowTarget,
  work: (write: (rows: readonly unknown[]) => void) => Promise<T>,
): Promise<T> {
  const file: AtomicFile | undefined = 'file' in target ? createAtomicFile(target.file) : undefined;
  const print = 'print' in target ? target.print : (text: string) => file?.write(text);
  try {
    const result = await work((rows) => {
      if (rows.length > 0) print(toJsonLines(rows));
    });
    file?.commit();
    return result;
  } finally {
    file?.discard();
  }
}

/** Rows that the engine could not compute. Their rows hold {id, error: {code, message}}. */
export interface RowFailures {
  rows: number;
  /** Of the first one. */
  first: { id: string; message: string } | null;
}

export function noFailures(): RowFailures {
  return { rows: 0, first: null };
}

export function addFailures(failures: RowFailures, results: readonly (Generated | Scored)[]): void {
  for (const result of results) {
    if (!isFailed(result)) continue;
    failures.rows++;
    failures.first ??= { id: result.id, message: result.error.message };
  }
}

/** The engine's options for a call that starts when `done` of `total` rows are through. */
export function engineCall(call: VerbCall, total: number, done: number, tokens = 0): CallOptions {
  return {
    ...(call.cancel ? { signal: call.cancel } : {}),
    onProgress: (progress) =>
      call.onProgress?.({ done: done + progress.done, total, tokens: tokens + progress.tokens }),
  };
}

/** Between chunks: ends the work where the person asked for it. Nothing of an output file is left then. */
export function stopIfInterrupted(call: VerbCall, done: number, total: number): void {
  if (call.stop?.aborted !== true || done === total) return;
  throw new IsheepError('interrupted', `stopped after ${done} of ${total} rows`, {
    hint: 'the same command starts again; no output file was written',
  });
}
