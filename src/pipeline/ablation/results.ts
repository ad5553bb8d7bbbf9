// What came of an ablation: for each variant and iteration the figures over the seeds, and how it compares with the baseline
// on the seed pairs, which all runs of a seed share.
import { comparePaired, deviation, holm, mean, type PairedComparison } from '../../shared/paired-test.js';
import type { PairLoss } from '../../stages/evaluate/losses.js';
import type { IterationSummary, RunSummary } from '../events.js';
import type { Ablation } from './ablation-file.js';

/** One run that ended. */
export interface CellResult {
  variant: string;
  seed: number;
  runDir: string;
  summary: RunSummary;
  /** Why the run has fewer iterations than it should: nothing was left to train on. */
  gaveUp?: string;
  /** Of each seed pair under the adapter of each iteration. */
  losses: readonly (readonly PairLoss[])[];
}

/** Mean and sample deviation over the seeds; null where no run has the figure. */
export type Spread = { mean: number; deviation: number; n: number } | null;

export interface VariantIteration {
  variant: string;
  iteration: number;
  /** Runs that came so far. */
  runs: number;
  /** Share of the responses that were kept. */
  kept: Spread;
  pairs: Spread;
  responseWords: Spread;
  distinct2: Spread;
  selfSimilarity: Spread;
  /** Of the adapter's loss, relative to the base's. */
  heldOutChange: Spread;
  seedLossChange: Spread;
  /** Nats a token, this variant's adapter less the baseline's in the same iteration, by seed pair; null for the baseline. */
  comparison: (PairedComparison & { correctedP: number; seedsBetter: number; seeds: number }) | null;
}

export interface AblationResult {
  dir: string;
  description: string;
  baseline: string;
  seeds: number[];
  rows: VariantIteration[];
  cells: Omit<CellResult, 'losses'>[];
}

export function ablationResult(dir: string, ablation: Ablation, cells: readonly CellResult[]): AblationResult {
  const { description, baseline, seeds, variants } = ablation;
  const iterations = Math.max(0, ...cells.map(({ summary }) => summary.iterations.length));
  const rows: VariantIteration[] = [];
  for (const variant of variants) {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      const row = variantIteration(variant, iteration, cells, baseline);
      if (row.runs > 0) rows.push(row);
    }
  }
  return { dir, description, baseline, seeds, rows: corrected(rows), cells: cells.map(({ losses, ...cell }) => cell) };
}

function trainedOn({ kept, added = 0, hindsight = 0, circles = 0 }: IterationSummary['select']): number {
  return kept + added + hindsight + circles;
}

function variantIteration(
  variant: string,
  iteration: number,
  cells: readonly CellResult[],
  baseline: string,
): VariantIteration {
  const own = cells.filter((cell) => cell.variant === variant && cell.summary.iterations.length >= iteration);
  const spread = (figure: (it: RunSummary['iterations'][number]) => number | null): Spread =>
    spreadOf(own.map(({ summary }) => figure(at(summary.iterations, iteration))));
  return {
    variant,
    iteration,
    runs: own.length,
    kept: spread(({ select, respond }) => select.kept / respond.responses),
    pairs: spread(({ select }) => trainedOn(select)),
    responseWords: spread(({ diversity }) => diversity.responseWords),
    distinct2: spread(({ diversity }) => diversity.distinct2),
    selfSimilarity: spread(({ diversity }) => diversity.selfSimilarity),
    heldOutChange: spread(({ evaluate: e }) => change(e.heldOutLossBase, e.heldOutLossAdapter)),
    seedLossChange: spread(({ evaluate: e }) => change(e.seedLossBase, e.seedLossAdapter)),
    comparison: variant === baseline ? null : compare(own, cells, baseline, iteration),
  };
}

function spreadOf(values: readonly (number | null)[]): Spread {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : { mean: mean(known), deviation: deviation(known), n: known.length };
}

function change(base: number | null | undefined, adapter: number | null | undefined): number | null {
  return base === null || base === undefined || adapter === null || adapter === undefined ? null : adapter / base - 1;
}

/** Items are seed pairs; an item that several seeds of the run measure counts once, with the mean of its differences. */
function compare(own: readonly CellResult[], all: readonly CellResult[], baseline: string, iteration: number) {
  const byItem = new Map<string, number[]>();
  const bySeed: number[] = [];
  for (const cell of own) {
    const other = all.find(({ variant, seed }) => variant === baseline && seed === cell.seed);
    const theirs = new Map((other?.losses[iteration - 1] ?? []).map((loss) => [loss.id, perToken(loss)]));
    const differences = (cell.losses[iteration - 1] ?? []).flatMap((loss) => {
      const their = theirs.get(loss.id);
      return their === undefined ? [] : [{ id: loss.id, difference: perToken(loss) - their }];
    });
    for (const { id, difference } of differences) byItem.set(id, [...(byItem.get(id) ?? []), difference]);
    if (differences.length > 0) bySeed.push(mean(differences.map(({ difference }) => difference)));
  }
  if (byItem.size === 0) return null;
  const comparison = comparePaired(Array.from(byItem.values(), mean));
  const seedsBetter = bySeed.filter((difference) => difference < 0).length;
  return { ...comparison, correctedP: comparison.p, seedsBetter, seeds: bySeed.length };
}

/** All comparisons of the table are one family. */
function corrected(rows: readonly VariantIteration[]): VariantIteration[] {
  const compared = rows.flatMap(({ comparison }) => (comparison === null ? [] : [comparison.p]));
  const ps = holm(compared);
  return rows.map((row) => {
    if (row.comparison === null) return row;
    return { ...row, comparison: { ...row.comparison, correctedP: ps.shift() as number } };
  });
}

function perToken({ loss, tokens }: PairLoss): number {
  return loss / tokens;
}

function at<T>(list: readonly T[], iteration: number): T {
  return list[iteration - 1] as T;
}
