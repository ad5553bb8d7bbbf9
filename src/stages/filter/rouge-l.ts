// ROUGE-L between short texts, as the Python package rouge-score computes it without a stemmer: F-measure over the longest
// common subsequence of lower-case alphanumeric (ASCII) tokens. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
// The subsequence is common-subsequence.ts's, many texts against many novelty-index.ts's.

/** Lower-case runs of a-z and 0-9; everything else separates. */
export function rougeTokens(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** F-measure for a common subsequence of `common` tokens; in rouge-score's own order of operations, so equal to the last bit. */
export function fMeasure(common: number, lengthA: number, lengthB: number): number {
  if (common === 0) return 0;
  const precision = common / lengthA;
  const recall = common / lengthB;
  return (2 * precision * recall) / (precision + recall);
}
