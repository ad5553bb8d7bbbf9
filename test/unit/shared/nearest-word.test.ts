import { describe, expect, it } from 'vitest';

import { didYouMean, editDistance, nearestWord } from '../../../src/shared/nearest-word.js';

describe('nearestWord', () => {
  it.each([
    ['rnak', 'rank'],
    ['trian', 'train'],
    ['learning-rte', 'learning-rate'],
    ['RANK', 'rank'],
    ['smollm2-135m', 'smollm2-135m-instruct'],
  ])('finds what %s meant', (word, meant) => {
    expect(nearestWord(word, ['rank', 'train', 'learning-rate', 'smollm2-135m-instruct', 'x'])).toBe(meant);
  });

  it('names nothing where nothing is near', () => {
    expect(nearestWord('zebra', ['rank', 'train'])).toBeUndefined();
    expect(didYouMean('zebra', [])).toBe('');
  });

  it('words the question', () => {
    expect(didYouMean('rnak', ['rank'], '--')).toBe(' Did you mean --rank?');
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['rank', 'rank', 0],
  ])('of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});
