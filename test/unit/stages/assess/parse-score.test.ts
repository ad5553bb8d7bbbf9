import { describe, expect, it } from 'vitest';

import { parseScore } from '../../../../src/stages/assess/parse-score.js';

// Raw answers of judges, noise included, and what is read from them, by the rules of arXiv 2408.08072's code: white space and
// what is no word character are taken off the front; what is left must begin with a number, decimals allowed; it is rounded
// half to even; 1 to 10 is a grade, anything else none.
const scores: [string, number][] = [
  ['8', 8],
  ['10', 10],
  [' 7\n', 7],
  ['8||The answer is right.', 8],
  ['9 || short and clear', 9],
  ['8/10', 8],
  ['10/10', 10],
  ['**9**', 9],
  ['"6"', 6],
  ['< 4 >', 4],
  ['(3)', 3],
  ['- 5', 5],
  ['7.', 7],
  ['7.5', 8],
  ['8.5', 8],
  ['9.5', 10],
  ['0.6', 1],
  ['10.5', 10],
  ['10.4', 10],
  ['3th', 3],
  ['007', 7],
  ['1 to 10', 1],
  ['\u00a08', 8],
  // Off the front: any white space, punctuation and signs, a minus too.
  ['\n\t 8', 8],
  ['... 8', 8],
  ['-8', 8],
  ['||8||', 8],
  ['★★ 9', 9],
  ['\u200b9', 9],
  ['.5.5', 6],
  // A number at the start, whatever follows.
  ['8points', 8],
  ['9-10', 9],
  ['6,5', 6],
  ['7.x', 7],
  ['8.4.9', 8],
  ['10||10', 10],
  ['3||11', 3],
  ['01', 1],
  // Half to even.
  ['1.5', 2],
  ['2.5', 2],
  ['3.5', 4],
  ['4.5', 4],
  ['5.5', 6],
  ['6.5', 6],
  ['0.51', 1],
  ['8.49', 8],
  ['8.51', 9],
  ['9.4999', 9],
  ['9.99', 10],
];
const none: [string, 'no-score' | 'score-out-of-range'][] = [
  ['', 'no-score'],
  ['   ', 'no-score'],
  ['Score: 8', 'no-score'],
  ['The answer is an 8.', 'no-score'],
  ['eight', 'no-score'],
  ['_8', 'no-score'],
  ['11', 'score-out-of-range'],
  ['0', 'score-out-of-range'],
  ['0.5', 'score-out-of-range'],
  ['10.6', 'score-out-of-range'],
  ['100', 'score-out-of-range'],
  ['2023-01-01', 'score-out-of-range'],
  // A word before the number, and so also a number behind "||" or in words.
  ['Score 8', 'no-score'],
  ['I give 9||fine', 'no-score'],
  ['N/A', 'no-score'],
  ['||', 'no-score'],
  ['**Score:** 8', 'no-score'],
  ['x8', 'no-score'],
  ['八', 'no-score'],
  // The first number counts, also where a valid one follows.
  ['11||8', 'score-out-of-range'],
  ['85/100', 'score-out-of-range'],
  ['0/10', 'score-out-of-range'],
  ['0.49', 'score-out-of-range'],
  ['10.51', 'score-out-of-range'],
  ['99999999999999999999', 'score-out-of-range'],
];

describe('parseScore', () => {
  it.each(scores.filter(([, score]) => !Number.isNaN(score)))('reads %j as %d', (text, score) => {
    expect(parseScore(text)).toEqual({ score });
  });

  it.each(none)('gives a reason for %j, never a guess', (text, reason) => {
    expect(parseScore(text)).toMatchObject({ reason });
  });

  it('tells what it found', () => {
    expect(parseScore(' 11||too good')).toEqual({ reason: 'score-out-of-range', found: '11' });
    expect(parseScore('Well, 8')).toEqual({ reason: 'no-score', found: 'Well, 8' });
  });

  it('yields whole numbers from 1 to 10 or a reason for anything', () => {
    for (let code = 0; code < 3000; code++) {
      const parsed = parseScore(`${String.fromCharCode(code)}${(code * 7919) % 1000}.${code % 10}`);
      if ('score' in parsed) expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).toContain(parsed.score);
      else expect(parsed.reason).toMatch(/^(no-score|score-out-of-range)$/);
    }
  });
});
