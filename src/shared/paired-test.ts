// Whether one thing is better than another, measured on the same items: a sign-flip permutation test (Fisher, The Design of
// Experiments, 1935, §21), a bootstrap interval by item, and Holm's correction where several are compared (1979).
import { bootstrapInterval } from './bootstrap.js';
import { deriveSeed, randomStream } from './random.js';

export interface PairedComparison {
  /** Items. */
  n: number;
  /** Mean of the differences. */
  difference: number;
  /** 95 % bootstrap interval (percentiles) of it. */
  low: number;
  high: number;
  /** Two-sided: how often differences with signs by chance have a mean at least as far from 0. */
  p: number;
}

/** Up to so many items, every choice of signs is tried. */
const mostExact = 14;
const draws = 10_000;

/** Of one difference an item, at least one. The same numbers give the same result. */
export function comparePaired(differences: readonly number[]): PairedComparison {
  const n = differences.length;
  if (n === 0) throw new Error('there is nothing to compare');
  const difference = mean(differences);
  const { low, high } = bootstrapInterval(
    differences.map((value) => ({ value, weight: 1 })),
    draws,
  );
  return { n, difference, low, high, p: pOf(differences) };
}

function pOf(differences: readonly number[]): number {
  if (hasOneSize(differences)) return signP(differences);
  return differences.length <= mostExact ? exactP(differences) : drawnP(differences);
}

/** Whether all that differ do so by the same amount, as right and wrong answers do. */
function hasOneSize(differences: readonly number[]): boolean {
  const sizes = differences.filter((value) => value !== 0).map(Math.abs);
  return sizes.every((size) => size === sizes[0]);
}

/** The permutation test in closed form, where differences have one size: McNemar's exact test (1947), two-sided binomial. */
function signP(differences: readonly number[]): number {
  const up = differences.filter((value) => value > 0).length;
  const down = differences.filter((value) => value < 0).length;
  const n = up + down;
  let tail = 0;
  let logChoose = 0; // log of n over k
  for (let k = 0; k <= Math.min(up, down); k++) {
    tail += Math.exp(logChoose - n * Math.LN2);
    logChoose += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}

function exactP(differences: readonly number[]): number {
  const observed = Math.abs(mean(differences));
  let asFar = 0;
  for (let signs = 0; signs < 2 ** differences.length; signs++) {
    const flipped = differences.map((value, i) => ((signs >> i) & 1 ? -value : value));
    if (isAsFar(mean(flipped), observed)) asFar += 1;
  }
  return asFar / 2 ** differences.length;
}

/** With the observed signs counted among the draws, so that it is never 0 (Phipson and Smyth, 2010). */
function drawnP(differences: readonly number[]): number {
  const observed = Math.abs(mean(differences));
  const random = randomStream(deriveSeed(1, 'sign-flips'));
  let asFar = 0;
  for (let i = 0; i < draws; i++) {
    if (isAsFar(mean(differences.map((value) => (random() < 0.5 ? -value : value))), observed)) asFar += 1;
  }
  return (asFar + 1) / (draws + 1);
}

/** But for rounding: sums of the same numbers in another order differ in their last bits. */
function isAsFar(value: number, observed: number): boolean {
  return Math.abs(value) >= observed * (1 - 1e-12);
}

/** `p 0.012`, `p < 0.001` */
export function pText(p: number): string {
  return `p ${probabilityText(p)}`;
}

/** The same for a column of p-values: `0.012`, `< 0.001`. */
export function probabilityText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** p-values of several comparisons, corrected by Holm's method; in the order given. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => (ps[i] as number) - (ps[j] as number));
  const corrected = new Array<number>(ps.length);
  let highest = 0;
  order.forEach((i, rank) => {
    highest = Math.max(highest, Math.min(1, (ps[i] as number) * (ps.length - rank)));
    corrected[i] = highest;
  });
  return corrected;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The sample's standard deviation; 0 of a single value. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
}
