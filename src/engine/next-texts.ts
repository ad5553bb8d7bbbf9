// Texts that may come next, of one or several tokens, and how the probability of each is read in one pass over a prompt.
//
// The pass goes on from the prompt along a walk: the first tokens of the longest text. At each place of the walk the
// probabilities of all last tokens are read, so that a text is known if all of its tokens but the last lie on the walk.
// The numbers 1 to 19 do: at the place of the answer stand "1" to "9" (and "10", where it is one token), and after "1"
// stand the second digits.
import { IsheepError } from '../shared/errors.js';

/** Which places and tokens tell the probability of each text. */
export interface NextTexts {
  /** Tokens that follow the prompt in the pass; place k is after the first k of them. */
  walk: readonly number[];
  /** All tokens that are read, at each place. */
  tokens: readonly number[];
  /** For each text its spellings: the place, and the number of the last token in `tokens`. */
  spellings: readonly (readonly { place: number; token: number }[])[];
}

type Tokenize = (text: string) => ArrayLike<number>;

/** `likely` writes the texts as the place asks for, behind a space or not; `other` the other way, which counts where it
 *  can be read on the same walk. Throws `bad-input` where a text has no tokens, or two texts need two passes. */
export function planNextTexts(texts: readonly string[], likely: Tokenize, other: Tokenize): NextTexts {
  const written = texts.map((text) => Array.from(likely(text)));
  const longest = written.reduce((most, tokens) => (tokens.length > most.length ? tokens : most), []);
  const walk = longest.slice(0, -1);
  for (const [i, tokens] of written.entries()) {
    if (!isOnWalk(tokens, walk)) throw notInOnePass(texts[i] ?? '', texts[written.indexOf(longest)] ?? '');
  }
  const others = texts.map((text) => Array.from(other(text)));
  const readable = new Set(texts.filter((_, i) => isOnWalk(others[i] ?? [], walk)));
  // "1" tells something only where "10" can be told from it.
  const isTold = (text: string) => texts.every((longer) => !longer.startsWith(text) || readable.has(longer));
  const columns = new Map<number, number>();
  const spelling = (tokens: readonly number[]) => {
    const last = tokens.at(-1) as number;
    if (!columns.has(last)) columns.set(last, columns.size);
    return { place: tokens.length - 1, token: columns.get(last) as number };
  };
  const spellings = texts.map((text, i) => {
    const ways = [written[i] as number[], ...(isTold(text) ? [others[i] as number[]] : [])];
    return [...new Map(ways.map((way) => [way.join(), spelling(way)])).values()];
  });
  return { walk, tokens: [...columns.keys()], spellings };
}

function isOnWalk(tokens: readonly number[], walk: readonly number[]): boolean {
  return tokens.length > 0 && tokens.slice(0, -1).every((token, k) => token === walk[k]);
}

function notInOnePass(text: string, longest: string): IsheepError {
  const message =
    text === ''
      ? 'an empty text cannot come next'
      : `next texts ${JSON.stringify(text)} and ${JSON.stringify(longest)} cannot be read in one pass`;
  return new IsheepError('bad-input', message, {
    hint: 'all tokens of a next text but its last must begin the longest one',
  });
}

/** log p of each text. `walked`: log p of the walk's tokens; `read(place, token)`: log p of a token of `tokens` at a place. */
export function readNextTexts(
  { spellings }: NextTexts,
  walked: ArrayLike<number>,
  read: (place: number, token: number) => number,
): number[] {
  const before = [0];
  for (let k = 0; k < walked.length; k++) before.push((before[k] as number) + (walked[k] as number));
  return spellings.map((ways) => logSumExp(ways.map(({ place, token }) => (before[place] ?? 0) + read(place, token))));
}

export function logSumExp(values: ArrayLike<number>): number {
  const max = Array.from(values).reduce((most, value) => Math.max(most, value), -Infinity);
  if (!Number.isFinite(max)) return max;
  return max + Math.log(Array.from(values).reduce((sum, value) => sum + Math.exp(value - max), 0));
}
