// Normalization and overlap as the official scripts have them: what each keeps, deletes, or makes a space.
import { describe, expect, it } from 'vitest';

import {
  normalizeOpen,
  normalizeSquad,
  normalizeTrivia,
  wordF1,
} from '../../../../src/stages/evaluate/short-answers.js';

describe('normalized answers', () => {
  it.each([
    // text, SQuAD, TriviaQA
    ['The Blue  Danube', 'blue danube', 'blue danube'],
    ['a', '', ''],
    ['An apple; the "pear".', 'apple pear', 'apple pear'],
    ['rock-and-roll', 'rockandroll', 'rock and roll'],
    ["Hawai'i", 'hawaii', 'hawai i'],
    ['King_Edward_III', 'kingedwardiii', 'king edward iii'],
    ['the_end', 'theend', 'end'],
    ['U.S.A.', 'usa', 'u s'], // "a" between spaces is an article
    ['‘Leprosy’', '‘leprosy’', 'leprosy'],
    ['a´b`c', '´bc', 'b c'],
    ['“quoted”', '“quoted”', '“quoted”'],
    ['1,000', '1000', '1 000'],
    ['Ärzte', 'ärzte', 'ärzte'],
    ['aé the énd', 'aé énd', 'aé énd'], // no article within a word of any script
    ['theа', 'theа', 'theа'], // the last letter is Cyrillic
    ['the\u0301 x', '\u0301 x', '\u0301 x'], // a combining mark is no letter to Python
    ['ΟΔΟΣ', 'οδο\u03c2', 'οδο\u03c2'], // the other sigma at a word's end
    ['x\u00a0y\u3000z\u2003w', 'x y z w', 'x y z w'],
    ['x\u001cy\u0085z', 'x y z', 'x y z'],
    ['x\ufeffy\u200bz', 'x\ufeffy\u200bz', 'x\ufeffy\u200bz'], // no white space to Python
    ['第一', '第一', '第一'],
    ['5 €', '5 €', '5 €'],
    ['a^b|c~d', 'abcd', 'b c d'],
  ])('%j', (text, squad, trivia) => {
    expect(normalizeSquad(text)).toBe(squad);
    expect(normalizeTrivia(text)).toBe(trivia);
  });

  it('are decomposed for Natural Questions', () => {
    expect(normalizeOpen('Caf\u00e9')).toBe(normalizeOpen('Cafe\u0301'));
  });
});

describe('overlap in words', () => {
  it.each([
    ['blue danube', 'blue danube', 1],
    ['danube blue', 'blue danube', 1],
    ['blue', 'blue danube', 2 / 3],
    ['blue blue', 'blue danube', 1 / 2],
    ['red', 'blue', 0],
    ['', 'blue', 0],
    ['blue', '', 0],
  ])('of %j with %j is %f', (prediction, gold, f1) => {
    expect(wordF1(prediction, gold, true)).toBeCloseTo(f1, 12);
    expect(wordF1(prediction, gold, false)).toBeCloseTo(f1, 12);
  });

  it('of nothing with nothing is whole in SQuAD, and none in TriviaQA', () => {
    expect(wordF1('', '', true)).toBe(1);
    expect(wordF1('', '', false)).toBe(0);
  });
});
