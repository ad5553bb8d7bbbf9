import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../../src/shared/random.js';
import { NoveltyIndex } from '../../../../src/stages/filter/novelty-index.js';
import { fMeasure, rougeTokens } from '../../../../src/stages/filter/rouge-l.js';

interface OracleRow {
  a: string;
  b: string;
  f: number;
}

// Made by scripts/oracles/rouge-l.py with the Python package rouge-score.
const oracle = JSON.parse(
  readFileSync(new URL('../oracles/rouge-l.json', import.meta.url), 'utf8'),
) as readonly OracleRow[];

/** By the textbook table of the longest common subsequence, of which one row is kept. */
function rougeL(textA: string, textB: string): number {
  const [a, b] = [rougeTokens(textA), rougeTokens(textB)];
  const row = new Int32Array(b.length + 1);
  for (const token of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0;
      row[j] = token === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1] ?? 0);
      diagonal = above;
    }
  }
  return fMeasure(row[b.length] ?? 0, a.length, b.length);
}

describe('ROUGE-L', () => {
  it('equals rouge-score on every pair of the oracle, to the last bit', () => {
    expect(oracle.length).toBeGreaterThan(200);
    for (const { a, b, f } of oracle) {
      expect(rougeL(a, b), JSON.stringify([a, b])).toBe(f);
      const index = new NoveltyIndex();
      index.add(a);
      if (a !== b) expect(index.mostSimilar(b) ?? 0, JSON.stringify([a, b])).toBe(f);
    }
  });

  it('takes lower-case runs of ASCII letters and digits as tokens', () => {
    expect(rougeTokens("Don't re-write 3.5 snake_case, Été!")).toEqual([
      'don',
      't',
      're',
      'write',
      '3',
      '5',
      'snake',
      'case',
      't',
    ]);
  });
});

describe('the novelty index', () => {
  it('finds for each oracle text what a comparison with all earlier ones finds', () => {
    const index = new NoveltyIndex();
    const known: string[] = [];
    for (const { a, b } of oracle.slice(0, 100)) {
      const expected = known.includes(a) ? 1 : Math.max(0, ...known.map((text) => rougeL(a, text)));
      expect(index.mostSimilar(a) ?? 0, JSON.stringify(a)).toBe(expected);
      index.add(b);
      known.push(b);
    }
  });

  it('is exact for texts of 1 to 150 tokens of a small vocabulary, whatever the floor', () => {
    const random = randomStream(3);
    const text = () =>
      Array.from({ length: 1 + Math.floor(random() * 150) }, () => `w${Math.floor(random() * 12)}`).join(' ');
    const index = new NoveltyIndex();
    const known = Array.from({ length: 40 }, text);
    known.forEach((one) => index.add(one));
    for (let i = 0; i < 20; i++) {
      const candidate = text();
      const best = Math.max(...known.map((one) => rougeL(candidate, one)));
      expect(index.mostSimilar(candidate)).toBe(best);
      expect(index.mostSimilar(candidate, best - 0.001)).toBe(best);
      expect(index.mostSimilar(candidate, best)).toBeUndefined();
    }
  });

  it('is exact for texts in which few words are frequent and most are rare', () => {
    const random = randomStream(5);
    const word = () => `w${Math.floor(400 ** random())}`;
    const known = Array.from({ length: 150 }, () => Array.from({ length: 1 + Math.floor(random() * 30) }, word));
    const index = new NoveltyIndex();
    for (const text of known) index.add(text.join(' '));
    let similar = 0;
    for (const [i, from] of known.entries()) {
      const text = from.map((one) => (random() < 0.3 ? word() : one)).join(' ');
      const best = Math.max(...known.map((one) => rougeL(text, one.join(' '))));
      const floor = [0, 0.3, 0.5, 0.7, 0.9][i % 5] ?? 0;
      const found = index.mostSimilar(text, floor);
      expect(found, text).toBe(best > floor ? best : undefined);
      similar += found === undefined ? 0 : 1;
    }
    expect(similar).toBeGreaterThan(50);
  });

  it('knows an equal text that has no token at all', () => {
    const index = new NoveltyIndex();
    index.add('写一首诗');
    expect(index.mostSimilar('写一首诗', 0.7)).toBe(1);
    expect(index.mostSimilar('另一首诗', 0.7)).toBeUndefined();
  });

  it('lets nothing be too close where the floor is 1', () => {
    const index = new NoveltyIndex();
    index.add('Name three birds.');
    expect(index.mostSimilar('Name three birds.', 1)).toBeUndefined();
  });
});
