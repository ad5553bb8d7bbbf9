// Scores without what goes with length. A judge that likes short answers makes each iteration's answers shorter (the paper's
// data: medians of 57 words, then 13); length-controlled win rates take length out by a regression (Dubois et al., arXiv
// 2404.04475), and so does this: a straight line of the score over the logarithm of the words, by least squares.
import { mean } from '../../shared/paired-test.js';

/** `scores` less their line over `words`, each at the mean length; as they are where lengths do not vary. */
export function withoutLength(scores: readonly number[], words: readonly number[]): number[] {
  if (scores.length === 0) return [];
  const logs = words.map((n) => Math.log1p(n));
  const [meanLog, meanScore] = [mean(logs), mean(scores)];
  const variance = mean(logs.map((x) => (x - meanLog) ** 2));
  if (variance === 0) return [...scores];
  const covariance = mean(logs.map((x, i) => (x - meanLog) * ((scores[i] as number) - meanScore)));
  const slope = covariance / variance;
  return scores.map((score, i) => score - slope * ((logs[i] as number) - meanLog));
}
