// JSON Lines in and out (contract.md): UTF-8, one object a line, split on "\n" only.
import type { z } from 'zod';

/** Rows of the file. Throws `bad-input` that lists all bad lines with file, line and reason. Blank lines are skipped. */
export declare function readJsonLines<T>(file: string, schema: z.ZodType<T>): T[];

/** One line a row, each ended by "\n". */
export declare function toJsonLines(rows: readonly unknown[]): string;
