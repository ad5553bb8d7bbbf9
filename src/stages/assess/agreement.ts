// Whether a judge agrees with itself when it is asked again: Krippendorff's alpha for interval data (Krippendorff, Content
// Analysis, 2004, ch. 11), which allows for missing grades, and two figures that need no book.
import type { Assessment } from '../../shared/rows.js';

export interface CriterionAgreement {
  /** 1: the same each time; 0: as if the grades of a pair were any pair's; null where all grades are equal. */
  alpha: number | null;
  /** Mean absolute difference of two grades of a pair. */
  difference: number;
  /** Share of two grades of a pair that are at most 1 apart. */
  withinOne: number;
}

export interface SelfAgreement {
  repeats: number;
  /** Pairs with at least two grades. */
  pairs: number;
  quality: CriterionAgreement;
  following: CriterionAgreement;
}

/** Undefined where no pair was graded twice. */
export function selfAgreement(assessments: readonly Assessment[]): SelfAgreement | undefined {
  const repeated = assessments.flatMap((one) => ('repeats' in one ? [one.repeats] : []));
  const repeats = Math.max(0, ...repeated.map(({ quality }) => quality.length));
  if (repeats < 2) return undefined;
  const quality = unitsOf(repeated.map((one) => one.quality));
  const following = unitsOf(repeated.map((one) => one.following));
  if (quality.length === 0 || following.length === 0) return undefined;
  return { repeats, pairs: quality.length, quality: agreement(quality), following: agreement(following) };
}

/** The known grades of each pair that has at least two. */
function unitsOf(grades: readonly (readonly (number | null)[])[]): number[][] {
  return grades.map((one) => one.filter((grade) => grade !== null)).filter((one) => one.length > 1);
}

/** `units`: the grades of each pair, at least two. */
export function agreement(units: readonly (readonly number[])[]): CriterionAgreement {
  const all = units.flat();
  const observed = units.reduce((sum, unit) => sum + squaredDifferences(unit) / (unit.length - 1), 0) / all.length;
  const byChance = squaredDifferences(all) / (all.length * (all.length - 1));
  const differences = units.flatMap((unit) => unit.flatMap((a, i) => unit.slice(i + 1).map((b) => Math.abs(a - b))));
  return {
    alpha: byChance > 0 ? 1 - observed / byChance : null,
    difference: differences.reduce((sum, one) => sum + one, 0) / differences.length,
    withinOne: differences.filter((one) => one <= 1).length / differences.length,
  };
}

/** Over all ordered pairs of values. */
function squaredDifferences(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return Math.max(0, 2 * (values.length * squares - sum * sum));
}
