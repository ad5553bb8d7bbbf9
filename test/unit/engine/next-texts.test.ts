import { describe, expect, it } from 'vitest';

import { planNextTexts, readNextTexts } from '../../../src/engine/next-texts.js';

const numbers = Array.from({ length: 19 }, (_, i) => String(i + 1));

/** Tokens of a tokenizer of which some texts are one token; the others are a token a character. */
function tokenizer(...whole: readonly string[]): (text: string) => number[] {
  return (text) => (whole.includes(text) ? [1000 + Number(text)] : Array.from(text, (char) => char.charCodeAt(0)));
}
const spaced = (tokenize: (text: string) => number[]) => (text: string) => [32, ...tokenize(text)];
const code = (char: string) => char.charCodeAt(0);

/** Probabilities by what has come so far: a model over tokens. */
function read(
  plan: ReturnType<typeof planNextTexts>,
  p: (before: readonly number[], token: number) => number,
): number[] {
  const walked = plan.walk.map((token, k) => Math.log(p(plan.walk.slice(0, k), token)));
  const at = (place: number, token: number) => Math.log(p(plan.walk.slice(0, place), plan.tokens[token] as number));
  return readNextTexts(plan, walked, at).map(Math.exp);
}

describe('texts that may come next', () => {
  it('are read after "1" where numbers are a token a digit', () => {
    const plan = planNextTexts(numbers, tokenizer(), spaced(tokenizer()));
    expect(plan.walk).toEqual([code('1')]);
    const p = read(plan, (before) => (before.length === 0 ? 0.5 : 0.1));
    expect(p[0]).toBeCloseTo(0.5);
    expect(p[8]).toBeCloseTo(0.5);
    expect(p[9]).toBeCloseTo(0.05);
    expect(p[18]).toBeCloseTo(0.05);
  });

  it('need no walk where each is one token, and count behind a space too', () => {
    const whole = tokenizer(...numbers);
    const plan = planNextTexts(numbers, whole, (text) => [2000 + Number(text)]);
    expect(plan.walk).toEqual([]);
    const p = read(plan, (_, token) => (token > 2000 ? 0.01 : 0.02));
    expect(p.every((value) => Math.abs(value - 0.03) < 1e-9)).toBe(true);
  });

  it('begin with the space where it is a token of its own', () => {
    const plan = planNextTexts(numbers, spaced(tokenizer()), tokenizer());
    expect(plan.walk).toEqual([32, code('1')]);
    const p = read(plan, (before, token) => (token === 32 ? 0.8 : before.length === 0 ? 0.01 : 0.5));
    // "8" at once, and behind the space.
    expect(p[7]).toBeCloseTo(0.01 + 0.8 * 0.5);
    expect(p[9]).toBeCloseTo(0.8 * 0.5 * 0.5);
    // "1" at once is left out: whether it goes on to "10" is not read.
    expect(p[0]).toBeCloseTo(0.8 * 0.5);
  });

  it('are refused where two of them need two passes, and where one is empty', () => {
    const refusal = (texts: string[]) => () => planNextTexts(texts, tokenizer(), spaced(tokenizer()));
    expect(refusal(['yes', 'no'])).toThrow('next texts "no" and "yes" cannot be read in one pass');
    expect(refusal([''])).toThrow('an empty text cannot come next');
    expect(planNextTexts([], tokenizer(), tokenizer())).toEqual({ walk: [], tokens: [], spellings: [] });
  });
});
