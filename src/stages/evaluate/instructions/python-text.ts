// Text as the official IFEval program, written in Python, sees it. Each name is Python's meaning where JavaScript's is
// another one: its white space has U+001C to U+001F and U+0085 but no byte order mark, its "." and "$" know no line end but
// "\n", and its words are of Unicode's letters and numbers without combining marks.

/** Sources of regular expressions, to be used with the flag "u". */
export const py = {
  /** \s */
  space: '[\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]',
  /** \S */
  nonSpace: '[^\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]',
  /** \w */
  word: '[\\p{L}\\p{N}_]',
  /** \d */
  digit: '\\p{Nd}',
  /** \b */
  boundary: '(?:(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])|(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_]))',
  /** "." */
  any: '[^\\n]',
  /** ^ and $ of each line */
  lineStart: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  /** $ of the text: before a last "\n", too */
  end: '(?=\\n?$)',
} as const;

const leading = new RegExp(`^${py.space}+`, 'u');
const spaceOnly = new RegExp(`^${py.space}$`, 'u');

/** Without white space around. */
export function strip(text: string): string {
  return stripEnd(text.replace(leading, ''));
}

export function stripEnd(text: string): string {
  // Not one expression with "$", which would try each run of white space to its end.
  let end = text.length;
  while (end > 0 && spaceOnly.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

export function isBlank(text: string): boolean {
  return strip(text) === '';
}

/** Without the characters `left` at its start and `right` at its end, however many. */
export function stripCharacters(text: string, left: string, right: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && left.includes(text.charAt(start))) start++;
  while (end > start && right.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

const spaces = new RegExp(`${py.space}+`, 'u');

/** Split at white space. */
export function splitWords(text: string): string[] {
  return text.split(spaces).filter((word) => word !== '');
}

/** Whether it has an upper-case letter, and none that is not: str.isupper. */
export function isUpper(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

/** str.islower */
export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

/** The source of an expression that finds the text itself. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** As `literal`, whatever the case, to be used with the flags "iu": re.IGNORECASE takes the Turkish letters for an i. */
export function literalOfAnyCase(text: string): string {
  return literal(text).replace(/[iIİı]/g, '[iİı]');
}

export function countMatches(text: string, pattern: RegExp): number {
  let count = 0;
  for (const match of text.matchAll(pattern)) if (match.index >= 0) count++;
  return count;
}
