// Stage filter: named filters applied in order, row after row. Knows no wording; the rules stand in filters/.
import { type FilterRule, namedFilters } from '../../config/filters.js';
import type { Constraint, Verdict } from '../../shared/rows.js';
import type { EvaluationIndex } from './evaluation-index.js';
import type { Filter, FilteredRow } from './filter.js';
import { createFilters } from './filters/index.js';

/** A row that can be judged; a candidate has no response. */
export interface ScreenedRow {
  instruction: string;
  input?: string | undefined;
  response?: string | undefined;
  constraints?: readonly Constraint[] | undefined;
  /** Its `stop` is the completion's, where known. */
  source?: Record<string, unknown> | undefined;
}

export interface ScreenOptions {
  /** Names of filters, or of lists of them, in the order to apply; default: `default`. */
  rules?: readonly FilterRule[] | undefined;
  /** Only the filters for candidates, or only those for pairs; default: all. */
  appliesTo?: 'candidate' | 'pair';
  /** ROUGE-L above which an instruction is not new (synthesize.novelty). */
  novelty: number;
  /** Rows whose instructions count as known: the seeds, or the rows of `--against`. */
  against?: readonly { instruction: string }[];
  /** What a row must not share text with: where it is given, `contamination` is applied last, or where the rules name it. */
  evaluation?: EvaluationIndex | undefined;
}

/** Judges rows one after the other; remembers the accepted ones, for novelty. */
export interface Screen {
  /** Verdicts in the order applied; the first that rejects is the last. */
  judge(row: ScreenedRow): Verdict[];
  /** Tells of a row that was accepted earlier, without judging it again. */
  remember(row: ScreenedRow): void;
}

export function createScreen(options: ScreenOptions): Screen {
  const filters = chooseFilters(options);
  const remember = (row: FilteredRow) => {
    for (const filter of filters) filter.remember?.(row);
  };
  return {
    judge(row) {
      const filtered = filteredRow(row);
      const verdicts: Verdict[] = [];
      for (const filter of filters) {
        if (filter.concerns?.(filtered) === false) continue;
        const reason = filter.check(filtered);
        if (reason !== undefined) return [...verdicts, { filter: filter.name, rejected: true, reason }];
        verdicts.push({ filter: filter.name, rejected: false });
      }
      remember(filtered);
      return verdicts;
    },
    remember: (row) => {
      remember(filteredRow(row));
    },
  };
}

/** The rows in order, each with the screen's verdicts in place of any earlier ones. */
export function applyScreen<Row extends ScreenedRow>(
  rows: readonly Row[],
  screen: Screen,
): (Row & { verdicts: Verdict[] })[] {
  return rows.map((row) => ({ ...row, verdicts: screen.judge(row) }));
}

function chooseFilters({ rules = ['default'], appliesTo, novelty, against = [], evaluation }: ScreenOptions): Filter[] {
  const filters = createFilters({ novelty, against, evaluation });
  const names = namedFilters([
    ...rules,
    'unmet-constraint',
    ...(evaluation === undefined ? [] : (['contamination'] as const)),
  ]);
  return names
    .map((name) => filters[name])
    .filter((filter) => appliesTo === undefined || filter.appliesTo === 'both' || filter.appliesTo === appliesTo);
}

function filteredRow(row: ScreenedRow): FilteredRow {
  const stop = row.source?.stop;
  return {
    instruction: row.instruction,
    input: row.input ?? '',
    response: row.response ?? '',
    constraints: row.constraints ?? [],
    stop: typeof stop === 'string' ? stop : undefined,
  };
}
