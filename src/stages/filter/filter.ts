// What a filter is. Each stands in a file of filters/; src/config/filters.ts has their names and their order.
import type { FilterName } from '../../config/filters.js';
import type { Constraint } from '../../shared/rows.js';
import type { Reason } from './verdict.js';

/** What a filter looks at. */
export interface FilteredRow {
  instruction: string;
  /** Empty where the task has none. */
  input: string;
  /** Empty for a candidate, which has none yet. */
  response: string;
  /** What the instruction asks for that can be verified. */
  constraints: readonly Constraint[];
  /** Why the response ended, where known. */
  stop: string | undefined;
}

export interface Filter {
  readonly name: FilterName;
  /** A filter for candidates looks at the task alone, so it fits pairs too. One for both looks at what there is; in a run it
   *  judges candidates, and again what became of them. */
  readonly appliesTo: 'candidate' | 'pair' | 'both';
  /** Whether it has a verdict on the row; on every row where absent. */
  concerns?(row: FilteredRow): boolean;
  /** Why the row is rejected; undefined where it is not. */
  check(row: FilteredRow): Reason | undefined;
  /** Tells of a row that all filters accepted, to filters that compare with earlier rows. */
  remember?(row: FilteredRow): void;
}
