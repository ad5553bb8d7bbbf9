import { describe, expect, it } from 'vitest';

import { askFor } from '../../../../src/shared/constraints/ask.js';
import { constraintFamilies } from '../../../../src/shared/constraints/families/index.js';
import type { ConstraintFamily } from '../../../../src/shared/constraints/family.js';
import { loadSeeds } from '../../../../src/shared/load-seeds.js';
import { randomStream } from '../../../../src/shared/random.js';

const seeds = loadSeeds();
const named = (name: string): ConstraintFamily => {
  const family = constraintFamilies.find((one) => one.name === name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  return family;
};
const observed = (name: string, text: string, instruction = 'Say something.') =>
  named(name).observe(text, randomStream(1), { instruction });

describe('what a text has by itself', () => {
  it.each(constraintFamilies.map((family) => [family.name, family] as const))('%s: is met by it', (_, family) => {
    const random = randomStream(1);
    for (const seed of seeds) {
      const text = seed.output.trim();
      const parameters = text === '' ? null : family.observe(text, random, seed);
      if (parameters === null) continue;
      expect(family.problem(parameters)).toBeUndefined();
      expect(family.check(text, parameters), `${seed.id}: ${JSON.stringify(parameters)}`).toBe(true);
    }
  });

  it.each([
    ['sentence-count', 'One. Two. Three.', { sentences: 3 }],
    ['paragraph-count', 'One.\n\nTwo.', { paragraphs: 2, divider: '' }],
    ['paragraph-count', 'One.', null],
    ['bullet-list', '- a\n- b', { items: 2 }],
    ['numbered-list', '1. a\n2. b\n3. c', { items: 3 }],
    ['words-at-least', 'word '.repeat(27), { words: 20 }],
    ['words-at-least', 'a few words', null],
    ['words-at-most', 'word '.repeat(27), { words: 30 }],
    ['words-between', 'word '.repeat(27), { from: 20, to: 40 }],
    ['repeats-word', 'The harbour is the old harbour.', { word: 'harbour', times: 2 }],
    ['repeats-word', 'The harbour is old.', null],
    ['ends-with', 'It is cold. Stay in!', { text: 'Stay in!' }],
    ['ends-with', 'It is cold.', null],
    ['starts-with', '3 birds', null],
  ])('%s of %j: %j', (name, text, expected) => {
    expect(observed(name, text.trim())).toEqual(expected);
  });

  it('is a word that the task does not have', () => {
    expect(observed('contains-words', 'Herons by the harbour.', 'Describe the harbour.')).toEqual({
      words: ['herons'],
    });
    expect(observed('contains-words', 'The harbour.', 'Describe the harbour.')).toBeNull();
  });

  it('is asked for half of the time, and otherwise what is drawn', () => {
    const task = { instruction: 'Describe the harbour of a town.', input: '' };
    const text = 'Herons and gulls wait at the harbour until the boats come in.';
    const words = Array.from({ length: 40 }, (_, i) => {
      const options = { count: 1, families: [named('contains-words')], repair: false, random: randomStream(i) };
      return askFor({ task, text }, options)?.constraints[0]?.parameters.words as string[] | undefined;
    });
    const own = words.filter((found) => found !== undefined && !found.includes('harbour'));
    expect(own.length).toBeGreaterThan(10);
    expect(words.filter((found) => found?.includes('harbour')).length).toBeGreaterThan(2);
  });
});
