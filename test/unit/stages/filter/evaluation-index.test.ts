import { describe, expect, it, test } from 'vitest';

import { randomStream } from '../../../../src/shared/random.js';
import { EvaluationIndex } from '../../../../src/stages/filter/evaluation-index.js';
import { plainWords } from '../../../../src/shared/words.js';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `w${from + i}`).join(' ');

describe('an index of evaluation texts', () => {
  it.each([
    ['n words in a row', numbered(3, 15), true],
    ['n words in a row within others', `x ${numbered(8, 20)} y`, true],
    ['one word less', numbered(3, 14), false],
    ['one word less on either side of another', `${numbered(1, 12)} x ${numbered(13, 20)}`, false],
    ['the same words in another order', numbered(1, 20).split(' ').reverse().join(' '), false],
    ['nothing', '', false],
  ])('finds %s of a longer text as the rule says', (_, text, expected) => {
    expect(new EvaluationIndex([numbered(1, 20)], 13).shares(text)).toBe(expected);
  });

  it.each([
    [4, false],
    [5, true],
    [12, true],
    [13, true],
  ])('finds the whole of a text of %i words: %s', (n, expected) => {
    const index = new EvaluationIndex([numbered(1, n)], 13);
    expect(index.shares(`before ${numbered(1, n)} after`)).toBe(expected);
    expect(index.shares(`before ${numbered(2, n)} after`)).toBe(false);
  });

  it('does not join texts: what ends one and begins the next is in none', () => {
    const index = new EvaluationIndex([numbered(1, 9), numbered(10, 20)], 8);
    expect(index.shares(numbered(6, 14))).toBe(false);
    expect(index.shares(numbered(2, 9))).toBe(true);
  });

  it('knows a text that it was given twice, and shares nothing where it has no text', () => {
    const text = numbered(1, 20);
    expect(new EvaluationIndex([text, text], 13).shares(text)).toBe(true);
    expect(new EvaluationIndex([], 13).shares(text)).toBe(false);
    expect(new EvaluationIndex(['', 'too short'], 13).shares(text)).toBe(false);
  });

  it.each([
    ['case and punctuation', 'Name (three) birds -- that CANNOT fly!'],
    ['line ends', 'name three\r\nbirds\r\n\r\nthat cannot\tfly'],
    ['markup', '**Name** _three_ <b>birds</b>, "that" cannot… fly'.replaceAll(/<\/?b>/g, '*')],
    ['full-width letters', 'Ｎame three birds that cannot ｆｌｙ'],
  ])('does not care for %s', (_, text) => {
    expect(new EvaluationIndex(['Name three birds that cannot fly.'], 6).shares(text)).toBe(true);
  });

  it('finds what a comparison of all runs finds, whatever the texts', () => {
    const random = randomStream(11);
    const alphabet = ['a', 'B', 'é', 'E\u0301', 'ß', '鸟', 'ก', '١', 'x1', 'ﬁ', '👍', "'", '-', '\r\n'];
    const pick = () => alphabet[Math.floor(random() ** 5 * alphabet.length)] ?? '';
    const text = (longest: number) => Array.from({ length: Math.floor(random() * longest) }, pick).join(' ');
    let shared = 0;
    for (let round = 0; round < 300; round++) {
      const n = 5 + Math.floor(random() * 5);
      const texts = Array.from({ length: 1 + Math.floor(random() * 4) }, () => text(16));
      const index = new EvaluationIndex(texts, n);
      for (let i = 0; i < 10; i++) {
        const judged = text(40);
        const expected = sharesByComparison(texts, n, judged);
        expect(index.shares(judged), JSON.stringify({ n, texts, judged })).toBe(expected);
        shared += expected ? 1 : 0;
      }
    }
    expect(shared).toBeGreaterThan(100);
    expect(shared).toBeLessThan(2900);
  });
});

function sharesByComparison(texts: readonly string[], n: number, judged: string): boolean {
  const padded = ` ${plainWords(judged).join(' ')} `;
  return texts.map(plainWords).some((words) => {
    const length = Math.min(n, words.length);
    const runs = words.slice(0, words.length - length + 1).map((_, i) => ` ${words.slice(i, i + length).join(' ')} `);
    return words.length >= 5 && runs.some((run) => padded.includes(run));
  });
}

test.each([
  ["Don't re-write 3.5 snake_case, ÉTÉ!", ['don', 't', 're', 'write', '3', '5', 'snake', 'case', 'été']],
  ['E\u0301te\u0301 = été', ['été', 'été']],
  ['हिन्दी में लिखो', ['हिन्दी', 'में', 'लिखो']],
  ['鸟会飞 and キウイ', ['鸟', '会', '飞', 'and', 'キ', 'ウ', 'イ']],
  ['한국어 문장', ['한국어', '문장']],
  ['— … !?', []],
  ['\uD800 a', ['a']],
])('the plain words of %j', (text, words) => {
  expect(plainWords(text)).toEqual(words.map((word) => word.normalize('NFKC')));
});
