// The highest ROUGE-L of a text against all known ones: exact, and quick for tens of thousands. A common subsequence is no
// longer than the number of tokens that two texts share, whatever their order. An inverted index counts those for all known
// texts at once, and only texts that share enough are compared.
import { CommonSubsequence } from './common-subsequence.js';
import { fMeasure, rougeTokens } from './rouge-l.js';

/** More shared tokens than any two texts have. */
const unreachable = 0xffff_ffff;

export class NoveltyIndex {
  readonly #ids = new Map<string, number>();
  /** Every known text as it came: an equal text is as similar as can be, also where it has no token. */
  readonly #texts = new Set<string>();
  /** Token ids of each known text. */
  readonly #known: Int32Array[] = [];
  /** [id][n]: numbers of the known texts that have the token more than n times. */
  readonly #holders: number[][][] = [];
  /** Lengths of the known texts, beside each other: asking each text for its own takes a quarter longer. */
  #lengths = new Uint32Array(1024);
  /** Of each known text: how many tokens it is known to share with the text that is asked about. Zero between calls. */
  #shared = new Uint32Array(1024);
  #longest = 0;
  readonly #subsequence = new CommonSubsequence();

  get size(): number {
    return this.#known.length;
  }

  add(text: string): void {
    this.#texts.add(text);
    const tokens = Int32Array.from(rougeTokens(text), (token) => this.#idOf(token));
    if (this.size === this.#lengths.length) this.#grow();
    forEachOccurrence(tokens, (id, n) => {
      const holders = (this.#holders[id] ??= []);
      (holders[n] ??= []).push(this.size);
    });
    this.#lengths[this.size] = tokens.length;
    this.#longest = Math.max(this.#longest, tokens.length);
    this.#known.push(tokens);
  }

  /** The highest similarity to a known text that is above `floor`; undefined where none is. */
  mostSimilar(text: string, floor = 0): number | undefined {
    if (this.#texts.has(text)) return floor < 1 ? 1 : undefined;
    const tokens = Int32Array.from(rougeTokens(text), (token) => this.#ids.get(token) ?? -1);
    const similar = this.#sharingEnough(tokens, floor);
    this.#subsequence.setText(tokens, this.#ids.size);
    let best = floor;
    for (const [k, most] of similar) {
      const known = this.#known[k] as Int32Array;
      if (fMeasure(Math.min(most, known.length), tokens.length, known.length) <= best) continue;
      best = Math.max(best, fMeasure(this.#subsequence.lengthWith(known), tokens.length, known.length));
    }
    return best > floor ? best : undefined;
  }

  /** The known texts that could be above `floor`, with the most tokens that they can share. */
  #sharingEnough(tokens: Int32Array, floor: number): [k: number, most: number][] {
    const needed = sharesNeeded(tokens.length, this.#longest, floor);
    const lists: number[][] = [];
    forEachOccurrence(tokens, (id, n) => lists.push(this.#holders[id]?.[n] ?? []));
    lists.sort((a, b) => a.length - b.length);
    // A text that has none but the most frequent tokens cannot share enough, so their long lists need not be read.
    const unread = needed.reduce((least, n) => Math.min(least, n), unreachable) - 1;
    const [shared, lengths] = [this.#shared, this.#lengths];
    const touched: number[] = [];
    for (const list of lists.slice(0, Math.max(0, lists.length - unread))) {
      for (const k of list) {
        if (shared[k] === 0) touched.push(k);
        shared[k] = (shared[k] as number) + 1;
      }
    }
    const found: [number, number][] = [];
    for (const k of touched) {
      const most = (shared[k] as number) + unread;
      if (most >= (needed[lengths[k] as number] as number)) found.push([k, most]);
      shared[k] = 0;
    }
    return found;
  }

  #idOf(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    this.#ids.set(token, this.#ids.size);
    return this.#ids.size - 1;
  }

  #grow(): void {
    const lengths = new Uint32Array(2 * this.#lengths.length);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
    this.#shared = new Uint32Array(lengths.length);
  }
}

/** Calls `visit` for each known token with the number of times that it came before. */
function forEachOccurrence(tokens: Int32Array, visit: (id: number, before: number) => void): void {
  const counts = new Map<number, number>();
  for (const id of tokens) {
    if (id < 0) continue;
    const before = counts.get(id) ?? 0;
    counts.set(id, before + 1);
    visit(id, before);
  }
}

/** [length of another text]: the fewest common tokens by which a text of `length` tokens is above `floor` with it. */
function sharesNeeded(length: number, longest: number, floor: number): Uint32Array {
  const needed = new Uint32Array(longest + 1).fill(unreachable);
  for (let other = 1; other <= longest; other++) {
    // F is 2 common / (length + other) but for its last bits, which only fMeasure has as the package has them.
    let common = Math.max(1, Math.floor((floor * (length + other)) / 2) - 1);
    while (common <= Math.min(length, other) && fMeasure(common, length, other) <= floor) common++;
    if (common <= Math.min(length, other)) needed[other] = common;
  }
  return needed;
}
