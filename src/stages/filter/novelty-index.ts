// The highest ROUGE-L of a text against all known ones: exact, and quick for tens of thousands. Two texts are compared with
// the bit-parallel recurrence of Crochemore et al. (2001) and Hyyrö (2004), 32 tokens of the new text a word; a known text
// whose length alone rules out a higher value is passed over.
import { fMeasure, rougeTokens } from './rouge-l.js';

const wordBits = 32;

export class NoveltyIndex {
  readonly #ids = new Map<string, number>();
  /** Every known text as it came: an equal text is as similar as can be, also where it has no token. */
  readonly #texts = new Set<string>();
  /** Token ids of all known texts, end to end; text k is #tokens[#starts[k]] up to #starts[k + 1]. */
  #tokens = new Int32Array(1024);
  readonly #starts: number[] = [0];
  /** [id * words + w]: bit i is set where token 32 w + i of the new text is `id`. Zero between calls. */
  #matches = new Int32Array(0);

  get size(): number {
    return this.#starts.length - 1;
  }

  add(text: string): void {
    this.#texts.add(text);
    const start = this.#starts.at(-1) ?? 0;
    const tokens = rougeTokens(text);
    if (start + tokens.length > this.#tokens.length) this.#grow(start + tokens.length);
    tokens.forEach((token, i) => (this.#tokens[start + i] = this.#idOf(token)));
    this.#starts.push(start + tokens.length);
  }

  /** The highest similarity to a known text that is above `floor`; undefined where none is. */
  mostSimilar(text: string, floor = 0): number | undefined {
    if (this.#texts.has(text)) return floor < 1 ? 1 : undefined;
    const ids = rougeTokens(text).map((token) => this.#ids.get(token) ?? -1);
    const words = Math.ceil(ids.length / wordBits);
    this.#setMatches(ids, words);
    let best = floor;
    for (let k = 0; k < this.size; k++) {
      const start = this.#starts[k] ?? 0;
      const end = this.#starts[k + 1] ?? 0;
      if (fMeasure(Math.min(ids.length, end - start), ids.length, end - start) <= best) continue;
      const common = words === 1 ? this.#commonOfOneWord(start, end) : this.#commonOfWords(start, end, words);
      best = Math.max(best, fMeasure(common, ids.length, end - start));
    }
    this.#clearMatches(ids, words);
    return best > floor ? best : undefined;
  }

  #idOf(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    this.#ids.set(token, this.#ids.size);
    return this.#ids.size - 1;
  }

  #grow(needed: number): void {
    const larger = new Int32Array(Math.max(needed, 2 * this.#tokens.length));
    larger.set(this.#tokens);
    this.#tokens = larger;
  }

  #setMatches(ids: readonly number[], words: number): void {
    if (this.#matches.length < this.#ids.size * words) this.#matches = new Int32Array(2 * this.#ids.size * words);
    ids.forEach((id, i) => {
      const at = id * words + Math.floor(i / wordBits);
      if (id >= 0) this.#matches[at] = (this.#matches[at] ?? 0) | (1 << (i % wordBits));
    });
  }

  #clearMatches(ids: readonly number[], words: number): void {
    for (const id of ids) if (id >= 0) this.#matches.fill(0, id * words, (id + 1) * words);
  }

  // In both: a zero bit of `row` is a step of the common subsequence. Adding lets a step move to its next match; matches are
  // part of row, so that row - matches is row & ~matches.

  #commonOfOneWord(start: number, end: number): number {
    const tokens = this.#tokens;
    const matches = this.#matches;
    let row = -1;
    for (let t = start; t < end; t++) {
      const match = row & (matches[tokens[t] as number] as number);
      if (match !== 0) row = (row + match) | (row & ~match);
    }
    return countOnes(~row);
  }

  #commonOfWords(start: number, end: number, words: number): number {
    const row = new Int32Array(words).fill(-1);
    for (let t = start; t < end; t++) {
      const at = (this.#tokens[t] as number) * words;
      let carry = 0;
      for (let w = 0; w < words; w++) {
        const bits = row[w] as number;
        const match = bits & (this.#matches[at + w] as number);
        const sum = (bits >>> 0) + (match >>> 0) + carry;
        carry = sum > 0xffffffff ? 1 : 0;
        row[w] = sum | 0 | (bits & ~match);
      }
    }
    return row.reduce((steps, bits) => steps + countOnes(~bits), 0);
  }
}

function countOnes(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
