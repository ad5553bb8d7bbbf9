// ROUGE-L between short texts, as the Python package rouge-score computes it without a stemmer: F-measure over the longest
// common subsequence of lower-case alphanumeric (ASCII) tokens. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
// Many texts against many is novelty.ts's work.

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

/** 0 to 1; 0 where either text has no token. */
export function rougeL(textA: string, textB: string): number {
  const a = rougeTokens(textA);
  const b = rougeTokens(textB);
  return fMeasure(commonSubsequence(a, b), a.length, b.length);
}

/** Length of the longest common subsequence, by the textbook table of which one row is kept. */
export function commonSubsequence<T>(a: readonly T[], b: readonly T[]): number {
  const row = new Int32Array(b.length + 1);
  for (const item of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0;
      row[j] = item === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1] ?? 0);
      diagonal = above;
    }
  }
  return row[b.length] ?? 0;
}
