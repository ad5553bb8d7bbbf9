// Stage filter: named filters applied in order, row after row. Knows no wording; the rules stand in filters/.
import { IsheepError } from '../../shared/errors.js';
import type { Constraint, Verdict } from '../../shared/rows.js';
import type { Filter, FilteredRow } from './filter.js';
import { alwaysApplied, defaultFilters, furtherFilters } from './filters/index.js';

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
  /** Names of filters in the order to apply; default: all of `filterNames`. Unknown names throw `bad-config`. */
  rules?: readonly string[] | undefined;
  /** Only the filters for candidates, or only those for pairs; default: both. */
  appliesTo?: 'candidate' | 'pair';
  /** ROUGE-L above which an instruction is not new (synthesize.novelty). */
  novelty: number;
  /** Rows whose instructions count as known: the seeds, or the rows of `--against`. */
  against?: readonly { instruction: string }[];
}

/** Judges rows one after the other; remembers the accepted ones, for novelty. */
export interface Screen {
  /** Verdicts in the order applied; the first that rejects is the last. */
  judge(row: ScreenedRow): Verdict[];
  /** Tells of a row that was accepted earlier, without judging it again. */
  remember(row: ScreenedRow): void;
}

const unused = { novelty: 1, against: [] };

/** Names of the filters that apply where none are named, in their order. */
export const filterNames: readonly string[] = defaultFilters(unused).map((filter) => filter.name);

/** Names of all filters, also of those that apply only where they are named, or on rows with constraints only. */
export const allFilterNames: readonly string[] = [
  ...filterNames,
  ...[...alwaysApplied, ...furtherFilters].map((filter) => filter.name),
];

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

function chooseFilters(options: ScreenOptions): Filter[] {
  const defaults = defaultFilters({ novelty: options.novelty, against: options.against ?? [] });
  const known = [...defaults, ...alwaysApplied, ...furtherFilters];
  const unknown = (options.rules ?? []).filter((rule) => !allFilterNames.includes(rule));
  if (unknown.length > 0) {
    throw new IsheepError('bad-config', `unknown filter ${unknown.map((rule) => JSON.stringify(rule)).join(', ')}`, {
      hint: `the filters are ${allFilterNames.join(', ')}`,
    });
  }
  const named = options.rules?.flatMap((rule) => known.filter((filter) => filter.name === rule)) ?? defaults;
  const chosen = [...named, ...alwaysApplied.filter((filter) => !named.includes(filter))];
  return chosen.filter((filter) => options.appliesTo === undefined || filter.appliesTo === options.appliesTo);
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
