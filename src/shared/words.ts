// Words and runs of words, for filters that measure repetition and copying, or look for text in other text.

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

/** Scripts that put no space between words: each character counts as a word. */
const unspaced =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const letterOrDigit = '\\p{L}\\p{M}\\p{N}';
const plainWord = new RegExp(`[${unspaced}]|(?:(?![${unspaced}])[${letterOrDigit}])+`, 'gu');

/** Lower-case runs of letters and digits of any script; compatibility forms (full-width letters, ligatures) made plain. Case,
 *  punctuation, line ends and markup make no difference. */
export function plainWords(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().match(plainWord) ?? [];
}
