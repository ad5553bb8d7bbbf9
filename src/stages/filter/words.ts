// Words and runs of words, for filters that measure repetition and copying.

/** Lower-case, separated by white space. */
export function words(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** The different runs of `n` words in a row, each joined by spaces. */
export function wordRuns(all: readonly string[], n: number): Set<string> {
  const runs = new Set<string>();
  for (let i = 0; i + n <= all.length; i++) runs.add(all.slice(i, i + n).join(' '));
  return runs;
}
