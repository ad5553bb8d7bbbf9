// The length of the longest common subsequence of one text and many others, by the bit-parallel recurrence of Crochemore et
// al. (2001) and Hyyrö (2004): 32 tokens of the one text a machine word.
const wordBits = 32;

export class CommonSubsequence {
  /** [id * words + w]: bit i is set where token 32 w + i of the text is `id`. Zero but for the text's own tokens. */
  #matches = new Int32Array(0);
  #tokens: Int32Array = new Int32Array(0);
  #words = 0;

  /** Sets the one text: token ids from 0 up to `vocabulary`, -1 for a token that no other text has. */
  setText(tokens: Int32Array, vocabulary: number): void {
    for (const id of this.#tokens) if (id >= 0) this.#matches.fill(0, id * this.#words, (id + 1) * this.#words);
    this.#tokens = tokens;
    this.#words = Math.ceil(tokens.length / wordBits);
    const needed = vocabulary * this.#words;
    if (this.#matches.length < needed) this.#matches = new Int32Array(2 * needed);
    tokens.forEach((id, i) => {
      const at = id * this.#words + Math.floor(i / wordBits);
      if (id >= 0) this.#matches[at] = (this.#matches[at] as number) | (1 << (i % wordBits));
    });
  }

  /** The length with another text, whose ids are all below `vocabulary`. */
  lengthWith(other: Int32Array): number {
    return this.#words === 1 ? this.#lengthByOneWord(other) : this.#lengthByWords(other);
  }

  // In both: a zero bit of `row` is a step of the common subsequence. Adding lets a step move to its next match; matches are
  // part of row, so that row - matches is row & ~matches.

  #lengthByOneWord(other: Int32Array): number {
    let row = -1;
    for (const id of other) {
      const match = row & (this.#matches[id] as number);
      if (match !== 0) row = (row + match) | (row & ~match);
    }
    return countOnes(~row);
  }

  #lengthByWords(other: Int32Array): number {
    const row = new Int32Array(this.#words).fill(-1);
    for (const id of other) {
      let carry = 0;
      for (let w = 0; w < this.#words; w++) {
        const bits = row[w] as number;
        const match = bits & (this.#matches[id * this.#words + w] as number);
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
