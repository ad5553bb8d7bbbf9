// How well scores tell good from bad: figures that look at order alone, with bootstrap intervals.
import { randomStream } from '../shared/random.js';

export interface Interval {
  value: number;
  low: number;
  high: number;
}

const resamples = 500;

/** The area under the ROC curve: how often a good one scores higher than a bad one, ties half. The 95 % interval resamples
 *  tasks: `paired` where good[i] and bad[i] are of one task. */
export function areaUnderCurve(good: readonly number[], bad: readonly number[], paired: boolean, seed = 1): Interval {
  const wins = good.map((a) => Float64Array.from(bad, (b) => win(a, b)));
  const random = randomStream(seed);
  const all = (n: number) => Array.from({ length: n }, (_, i) => i);
  const drawn = (n: number) => Array.from({ length: n }, () => Math.floor(random() * n));
  const area = (rows: readonly number[], columns: readonly number[]) => {
    let sum = 0;
    for (const i of rows) for (const j of columns) sum += (wins[i] as Float64Array)[j] as number;
    return sum / (rows.length * columns.length);
  };
  const areas = Array.from({ length: resamples }, () => {
    const rows = drawn(good.length);
    return area(rows, paired ? rows : drawn(bad.length));
  }).sort((a, b) => a - b);
  const at = (share: number) => areas[Math.round(share * (areas.length - 1))] as number;
  return { value: area(all(good.length), all(bad.length)), low: at(0.025), high: at(0.975) };
}

export function win(good: number, bad: number): number {
  if (good === bad) return 0.5;
  return good > bad ? 1 : 0;
}

/** Spearman's rank correlation, ties at their mean rank; 0 where one of the two does not vary. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [midRanks(a), midRanks(b)];
  const centre = (a.length + 1) / 2;
  const product = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + (value - centre) * ((v[i] as number) - centre), 0);
  const scale = Math.sqrt(product(x, x) * product(y, y));
  return scale > 0 ? product(x, y) / scale : 0;
}

/** 1 for the lowest; equals share the mean of their ranks. */
export function midRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let k = from; k < to; k++) ranks[order[k] as number] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}
