// Which texts share words with the texts of an evaluation: a run of n words in a row, or the whole of an evaluation text that
// is shorter, as GPT-3's training data was checked with n = 13 (arXiv 2005.14165, appendix C). Exact: hashes only find where
// to look. Takes 9 bytes a word of the evaluation at most, beside its vocabulary.
import { plainWords } from '../../shared/words.js';

/** Evaluation texts of fewer words are left out: answers, names and labels that any text may hold. Questions of benchmarks
 *  often have no more than 6. n is at least as large. */
export const fewestWords = 5;

/** Ends a text; no word has this number. */
const end = -1;

export class EvaluationIndex {
  readonly #ids = new Map<string, number>();
  /** By length: n, and those of the texts that are shorter. */
  readonly #runs: RunTable[];

  constructor(texts: Iterable<string>, n: number) {
    const { words, starts } = this.#number(texts);
    const runsByLength = new Map<number, number[]>();
    for (const [start, length] of starts) {
      const runLength = Math.min(n, length);
      const runs = runsByLength.get(runLength) ?? [];
      runsByLength.set(runLength, runs);
      for (let i = 0; i + runLength <= length; i++) runs.push(start + i);
    }
    this.#runs = [...runsByLength].map(([length, runs]) => new RunTable(words, length, runs));
  }

  /** Whether a run of the evaluation's words stands in the text. */
  shares(text: string): boolean {
    const words = Int32Array.from(plainWords(text), (word) => this.#ids.get(word) ?? end);
    return this.#runs.some((table) => table.hasRunOf(words));
  }

  /** Whether one stands in a task, or in its response. */
  sharesRow({ instruction, input, response }: { instruction: string; input: string; response: string }): boolean {
    return this.shares(`${instruction}\n${input}\n${response}`);
  }

  /** The words of all texts one after the other, numbered, and where each text that is long enough stands. */
  #number(texts: Iterable<string>): { words: Int32Array; starts: [start: number, length: number][] } {
    const words: number[] = [];
    const starts: [number, number][] = [];
    for (const text of texts) {
      const plain = plainWords(text);
      if (plain.length < fewestWords) continue;
      starts.push([words.length, plain.length]);
      for (const word of plain) {
        let id = this.#ids.get(word);
        if (id === undefined) this.#ids.set(word, (id = this.#ids.size));
        words.push(id);
      }
    }
    return { words: Int32Array.from(words), starts };
  }
}

/** Runs of one length: a hash table with open addressing over where they start. */
class RunTable {
  readonly #words: Int32Array;
  readonly #length: number;
  /** [hash, or the next free place]: 1 + start of a run; 0: free. A power of two, at least twice the number of runs. */
  readonly #starts: Uint32Array;

  constructor(words: Int32Array, length: number, starts: readonly number[]) {
    this.#words = words;
    this.#length = length;
    this.#starts = new Uint32Array(2 ** Math.ceil(Math.log2(2 * starts.length)));
    for (const start of starts) this.#starts[this.#placeOf(words, start)] = start + 1;
  }

  hasRunOf(words: Int32Array): boolean {
    // How many words up to here are words of the evaluation: a run with another word is none of its runs.
    let known = 0;
    for (let i = 0; i < words.length; i++) {
      known = words[i] === end ? 0 : known + 1;
      if (known >= this.#length && this.#starts[this.#placeOf(words, i + 1 - this.#length)] !== 0) return true;
    }
    return false;
  }

  /** Where the run that starts at `start` in `words` stands, or the free place where it would. */
  #placeOf(words: Int32Array, start: number): number {
    const last = this.#starts.length - 1;
    for (let place = this.#hash(words, start) & last; ; place = (place + 1) & last) {
      const known = this.#starts[place] as number;
      if (known === 0 || this.#isSameRun(words, start, known - 1)) return place;
    }
  }

  #isSameRun(words: Int32Array, start: number, known: number): boolean {
    for (let i = 0; i < this.#length; i++) if (words[start + i] !== this.#words[known + i]) return false;
    return true;
  }

  /** MurmurHash3's mixing of 32-bit blocks. */
  #hash(words: Int32Array, start: number): number {
    let hash = 0;
    for (let i = 0; i < this.#length; i++) {
      const block = Math.imul(words[start + i] as number, 0xcc9e2d51);
      hash ^= Math.imul((block << 15) | (block >>> 17), 0x1b873593);
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}
