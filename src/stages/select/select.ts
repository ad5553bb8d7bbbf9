// Stage select: which pairs are trained on, and in which order.
import type { Config } from '../../config/schema.js';
import type { Assessment, Pair } from '../../shared/rows.js';

export interface Selection {
  /** In training order: best first, equals by id. */
  dataset: Pair[];
  /** The rule in words: "the best 30 % by rank". */
  rule: string;
  /** Why the others were not kept, counted. */
  notKept: Record<string, number>;
}

/** `assessments` may be in any order and are matched by id. */
export declare function select(
  pairs: readonly Pair[],
  assessments: readonly Assessment[],
  settings: Config['select'],
): Selection;
