// Stage filter: named rules applied in order.
import type { Verdict } from '../../shared/rows.js';

/** What a filter may look at; a candidate has no response. */
export interface ScreenedRow {
  instruction: string;
  input?: string | undefined;
  response?: string | undefined;
  /** `stop` of the completion, where known. */
  source?: Record<string, unknown> | undefined;
}

export interface ScreenOptions {
  /** Names of filters in the order to apply; default: all. Unknown names throw `bad-config`. */
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

/** Names of all filters in their default order. */
export declare const filterNames: readonly string[];

export declare function createScreen(options: ScreenOptions): Screen;

/** The rows in order, each with the screen's verdicts. */
export declare function applyScreen<Row extends ScreenedRow>(
  rows: readonly Row[],
  screen: Screen,
): (Row & { verdicts: Verdict[] })[];
