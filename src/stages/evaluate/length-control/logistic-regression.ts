// Logistic regression without an intercept, with an L1 penalty, for few features. Labels are probabilities.
//
// Minimises |w|_1 + C Σ s_i (softplus(x_i·w) - y_i x_i·w), liblinear's objective, by proximal Newton steps: each minimises
// the quadratic model and the penalty by coordinate descent, then halves the step until the objective falls.

export interface Observation {
  features: readonly number[];
  /** The probability of a win, 0 to 1. */
  label: number;
  weight: number;
}

const mostSteps = 100;
/** Of the objective, relative: where a step gains less than this, it was the last. */
const tolerance = 1e-12;
const sweeps = 100;
const halvings = 40;

/** The weights of the features. `inverseStrength` is the C above. */
export function fitLogistic(observations: readonly Observation[], inverseStrength: number): number[] {
  const size = observations[0]?.features.length ?? 0;
  let weights = new Array<number>(size).fill(0);
  let value = objective(observations, inverseStrength, weights);
  for (let step = 0; step < mostSteps; step++) {
    const direction = newtonDirection(observations, inverseStrength, weights);
    const next = halved(weights, direction, value, (at) => objective(observations, inverseStrength, at));
    if (next === undefined) break;
    const gain = value - next.value;
    ({ weights, value } = next);
    if (gain <= tolerance * Math.abs(value)) break;
  }
  return weights;
}

/** The probability that the features give. */
export function predictLogistic(weights: readonly number[], features: readonly number[]): number {
  return logistic(dot(weights, features));
}

/** The mean log loss, by weight of the observations but over their number, as scikit-learn's users write it. */
export function logLoss(observations: readonly Observation[], weights: readonly number[]): number {
  const smallest = 1e-15;
  const total = observations.reduce((sum, { features, label, weight }) => {
    const p = Math.min(1 - smallest, Math.max(smallest, predictLogistic(weights, features)));
    return sum - weight * (label * Math.log(p) + (1 - label) * Math.log(1 - p));
  }, 0);
  return total / observations.length;
}

function objective(observations: readonly Observation[], inverseStrength: number, weights: readonly number[]): number {
  const loss = observations.reduce((sum, { features, label, weight }) => {
    const x = dot(weights, features);
    return sum + weight * (softplus(x) - label * x);
  }, 0);
  return weights.reduce((sum, w) => sum + Math.abs(w), 0) + inverseStrength * loss;
}

function newtonDirection(
  observations: readonly Observation[],
  inverseStrength: number,
  weights: readonly number[],
): number[] {
  const size = weights.length;
  const gradient = new Array<number>(size).fill(0);
  const hessian = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (const { features, label, weight } of observations) {
    const p = predictLogistic(weights, features);
    for (let i = 0; i < size; i++) {
      const x = inverseStrength * weight * (features[i] as number);
      (gradient[i] as number) += x * (p - label);
      const row = hessian[i] as number[];
      for (let j = 0; j < size; j++) (row[j] as number) += x * p * (1 - p) * (features[j] as number);
    }
  }
  return quadraticMinimum(gradient, hessian, weights);
}

/** The d that minimises g·d + d·H·d / 2 + |w + d|_1, by coordinate descent. */
function quadraticMinimum(
  gradient: readonly number[],
  hessian: readonly (readonly number[])[],
  weights: readonly number[],
): number[] {
  const direction = weights.map(() => 0);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let moved = 0;
    for (const [i, row] of hessian.entries()) {
      const curvature = Math.max(row[i] as number, 1e-12);
      const slope = (gradient[i] as number) + dot(row, direction);
      const at = (weights[i] as number) + (direction[i] as number);
      const move = softThreshold(at - slope / curvature, 1 / curvature) - at;
      (direction[i] as number) += move;
      moved = Math.max(moved, Math.abs(move));
    }
    if (moved < 1e-12) break;
  }
  return direction;
}

/** The first of the whole step, half of it, a quarter … that is better than `value`. */
function halved(
  from: readonly number[],
  direction: readonly number[],
  value: number,
  valueOf: (weights: readonly number[]) => number,
): { weights: number[]; value: number } | undefined {
  for (let k = 0; k < halvings; k++) {
    const weights = from.map((w, i) => w + (direction[i] as number) / 2 ** k);
    const at = valueOf(weights);
    if (at < value) return { weights, value: at };
  }
  return undefined;
}

function softThreshold(x: number, by: number): number {
  return Math.sign(x) * Math.max(0, Math.abs(x) - by);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}

function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
