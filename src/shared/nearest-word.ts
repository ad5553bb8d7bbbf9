// The known word that someone probably meant, for messages about a misspelled option, command or model.

/** The only word of `known` that begins with `word`, or else the one with the fewest edits to `word`, or undefined where none is near enough to be a slip. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const words = [...known];
  const completed = words.filter(
    (candidate) => word.length >= 3 && candidate.toLowerCase().startsWith(word.toLowerCase()),
  );
  if (completed.length === 1) return completed[0];
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (!best || distance < best.distance) best = { word: candidate, distance };
  }
  if (!best) return undefined;
  const allowed = Math.max(2, Math.floor(Math.max(word.length, best.word.length) / 3));
  return best.distance <= allowed ? best.word : undefined;
}

/** ` Did you mean …?` with the nearest known word, or nothing. */
export function didYouMean(word: string, known: Iterable<string>, prefix = ''): string {
  const match = nearestWord(word, known);
  return match === undefined ? '' : ` Did you mean ${prefix}${match}?`;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, and swaps of neighbours count one each. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
