import { describe, expect, it } from 'vitest';

import { type Diversity, diversityAlarms, diversityOf } from '../../../src/pipeline/diversity.js';

const pair = (instruction: string, response = 'one two') => ({ id: instruction, instruction, input: '', response });

describe('the diversity of a dataset', () => {
  it('counts words, different words and runs of two, and the likeness to an earlier instruction', () => {
    const pairs = [pair('Name a bird', 'an owl'), pair('Name a fish', 'a red cod'), pair('Sing', 'la la la la')];
    const found = diversityOf(pairs);
    expect(found).toMatchObject({ pairs: 3, instructionWords: 3, responseWords: 3 });
    expect(found.distinct1).toBeCloseTo(5 / 7, 12); // name a bird, name a fish, sing
    expect(found.distinct2).toBeCloseTo(3 / 4, 12); // name a, a bird, name a, a fish
    // Of the two that have one before them, whatever the order: "Name a fish" and "Name a bird" share 2 of 3 tokens.
    expect(found.selfSimilarity).toBeCloseTo((2 / 3 + 0) / 2, 12);
  });

  it('is that of equally many pairs where that is asked for, the same each time', () => {
    const pairs = Array.from({ length: 200 }, (_, i) => pair(`Word${i % 40} and word${i}`, 'x '.repeat(i)));
    const of = diversityOf(pairs, 50);
    expect(of.pairs).toBe(50);
    expect(diversityOf(pairs, 50)).toEqual(of);
    expect(of.distinct1).toBeGreaterThan(diversityOf(pairs).distinct1);
  });

  it('is nothing for no pairs, and no likeness for one', () => {
    expect(diversityOf([])).toMatchObject({ pairs: 0, responseWords: 0, distinct1: 0, selfSimilarity: 0 });
    expect(diversityOf([pair('Sing')]).selfSimilarity).toBe(0);
  });
});

describe('an alarm', () => {
  const first: Diversity = {
    ...{ pairs: 2000, instructionWords: 14, responseWords: 57, distinct1: 0.2, distinct2: 0.456, selfSimilarity: 0.3 },
    topicSpread: 300,
  };

  it('tells what the published runs show after five iterations', () => {
    expect(diversityAlarms({ ...first, responseWords: 13, distinct2: 0.376 }, first)).toEqual([
      'responses shrank from 57 to 13 words (medians)',
      'distinct-2 of the instructions fell from 0.456 to 0.376',
    ]);
  });

  it('tells that instructions have become alike', () => {
    expect(diversityAlarms({ ...first, selfSimilarity: 0.45 }, first)).toEqual([
      'instructions have become more alike, from 0.30 to 0.45 by ROUGE-L',
    ]);
  });

  it('tells that instructions keep to fewer topics', () => {
    expect(diversityAlarms({ ...first, topicSpread: 209 }, first)).toEqual([
      'instructions keep to fewer topics: their topic spread fell from 300 to 209',
    ]);
  });

  it('is not given for small changes, nor for few pairs', () => {
    expect(
      diversityAlarms({ ...first, responseWords: 50, distinct2: 0.44, selfSimilarity: 0.35, topicSpread: 211 }, first),
    ).toEqual([]);
    expect(diversityAlarms({ ...first, responseWords: 5, pairs: 49 }, first)).toEqual([]);
  });
});
