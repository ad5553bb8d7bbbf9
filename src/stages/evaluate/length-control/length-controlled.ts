// The length-controlled win rate of Dubois et al. 2024 (arXiv 2404.04475): a logistic model of the preference by which model
// answered, the difference of the lengths and how hard the instruction is; then what it predicts for equal lengths.
//
// As the authors' program fits it: features tanh(baseline's length - model's length, in standard deviations), difficulty, 1;
// L1 penalty, its strength chosen among ten by 5-fold cross-validated log loss; judgements of gamed baselines join with weight
// 0.2 / 2 and a 0 in the place of the 1, so that the length's coefficient cannot explain more than padding does.
import { randomStream } from '../../../shared/random.js';
import { fitLogistic, logLoss, type Observation, predictLogistic } from './logistic-regression.js';
import type { LengthControl } from './read-length-control.js';

export interface JudgedLengths {
  /** The item's place in the benchmark, counted from 0. */
  index: number;
  /** The probability of a win, 0 to 1; undefined where the judge gave no verdict. */
  preference: number | undefined;
  /** In characters. */
  length: number;
  baselineLength: number;
}

export interface LengthControlled {
  /** Percent; the interval resamples items at the chosen strength of the penalty. */
  value: number;
  low: number;
  high: number;
  /** Of the length, the difficulty, and the model. */
  weights: readonly number[];
}

const gamedWeight = 0.2 / 2;
const folds = 5;
/** C, the inverse strength of the penalty: ten from 1e-4 to 1e4, evenly in logarithms. */
const strengths: readonly number[] = Array.from({ length: 10 }, (_, i) => 10 ** (-4 + (8 * i) / 9));
const resamples = 200;

/** undefined where too little was judged to fit anything. `control` must have the difficulty of each item. */
export function lengthControlledWinRate(
  judged: readonly JudgedLengths[],
  control: LengthControl,
): LengthControlled | undefined {
  const scale = standardDeviation(judged.map(({ length, baselineLength }) => baselineLength - length));
  const rows = judged.map((one) => toRow(one, scale, control));
  const known = rows.flatMap(({ observation }) => (observation === undefined ? [] : [observation]));
  if (known.length < 2 * folds) return undefined;
  const gamed = (control.gamed ?? []).map(({ preference, lengthDifference, difficulty }) => ({
    features: [Math.tanh(lengthDifference), difficulty, 0],
    label: preference,
    weight: gamedWeight,
  }));
  const inverseStrength = chooseStrength([...gamed, ...known]);
  const weights = fitLogistic([...gamed, ...known], inverseStrength);
  const value = meanPrediction(rows, weights);
  const random = randomStream(1);
  const values = Array.from({ length: resamples }, () => {
    const drawn = rows.map(() => rows[Math.floor(random() * rows.length)] as Row);
    const observed = drawn.flatMap(({ observation }) => (observation === undefined ? [] : [observation]));
    return meanPrediction(drawn, fitLogistic([...gamed, ...observed], inverseStrength));
  }).sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (resamples - 1))] as number;
  return { value, low: at(0.025), high: at(0.975), weights };
}

interface Row {
  /** undefined without a verdict. */
  observation: Observation | undefined;
  /** What the item would be with answers of equal length. */
  level: readonly number[];
}

function toRow(one: JudgedLengths, scale: number, { difficulty }: LengthControl): Row {
  const { index, preference, length, baselineLength } = one;
  const rest = [difficulty.get(index) ?? NaN, 1];
  const features = [scale > 0 ? Math.tanh((baselineLength - length) / scale) : 0, ...rest];
  const observation = preference === undefined ? undefined : { features, label: preference, weight: 1 };
  return { observation, level: [0, ...rest] };
}

/** The C of the lowest log loss over the folds; of equal ones the strongest penalty. */
function chooseStrength(observations: readonly Observation[]): number {
  const losses = strengths.map((strength) => {
    const each = Array.from({ length: folds }, (_, fold) => {
      const weights = fitLogistic(
        observations.filter((_, i) => i % folds !== fold),
        strength,
      );
      return logLoss(
        observations.filter((_, i) => i % folds === fold),
        weights,
      );
    });
    return each.reduce((sum, loss) => sum + loss, 0);
  });
  return strengths[losses.indexOf(Math.min(...losses))] as number;
}

function meanPrediction(rows: readonly Row[], weights: readonly number[]): number {
  return (100 * rows.reduce((sum, { level }) => sum + predictLogistic(weights, level), 0)) / rows.length;
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
}
