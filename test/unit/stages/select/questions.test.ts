import { describe, expect, it } from 'vitest';

import type { Pair } from '../../../../src/shared/rows.js';
import { questionsOf } from '../../../../src/stages/select/questions/questions.js';
import { splitHeldOut } from '../../../../src/stages/train/train.js';

const pair: Pair = {
  id: 'c-1-1',
  instruction: 'Describe the harbour of a small town.',
  input: '',
  response:
    'The harbour is a quiet place with 14 boats. In the morning, fishermen from Old Quay unload the boxes on the pier. ' +
    'Gulls wait for what falls. At noon everybody sleeps, even the dogs.',
};
const made = (count: number, of: Partial<Pair> = {}, seed = 1) => questionsOf({ ...pair, ...of }, count, seed, 1);

describe('questions on a response', () => {
  it('are answered by words of it, which the question does not tell', () => {
    const asked = made(8);
    expect(asked.length).toBeGreaterThan(3);
    for (const { instruction, response, input } of asked) {
      expect(pair.response).toContain(response);
      expect(instruction).toContain(pair.response);
      expect(instruction.replace(pair.response, '')).not.toContain(response);
      expect(input).toBe('');
    }
    expect(new Set(asked.map(({ response }) => response)).size).toBe(asked.length);
  });

  it('have ids of their own, and are held out with the pair that they are made of', () => {
    const asked = made(3);
    expect(asked.map(({ id }) => id)).toEqual(['c-1-1-q1', 'c-1-1-q2', 'c-1-1-q3']);
    for (const { source } of asked) expect(source).toEqual({ hindsightOf: 'c-1-1', question: true });
    const others = Array.from({ length: 9 }, (_, i) => ({ ...pair, id: `c-1-${i + 2}` }));
    const { heldOut } = splitHeldOut([pair, ...asked, ...others], 0.2, 1, 1);
    const held = asked.filter(({ id }) => heldOut.some((one) => one.id === id));
    expect([0, asked.length]).toContain(held.length);
    expect(held.length > 0).toBe(heldOut.some(({ id }) => id === pair.id));
  });

  it('come out the same by seed, and differently with another', () => {
    expect(made(4)).toEqual(made(4));
    expect(made(4, {}, 2)).not.toEqual(made(4));
  });

  it('are, of a fraction, made of some pairs', () => {
    const counts = Array.from({ length: 200 }, (_, i) => made(1.25, { id: `c-1-${i}` }).length);
    expect(new Set(counts)).toEqual(new Set([1, 2]));
    const twice = counts.filter((count) => count === 2).length;
    expect(twice).toBeGreaterThan(30);
    expect(twice).toBeLessThan(70);
  });

  it('take whole sentences of a long response only', () => {
    const sentence = (i: number) => `The keeper of house ${i} paints the old door of the shed in green.`;
    const response = Array.from({ length: 40 }, (_, i) => sentence(i)).join(' ');
    for (const { instruction } of made(8, { response })) {
      expect(instruction).toContain(sentence(3));
      expect(instruction).not.toContain(sentence(30));
    }
  });

  it.each([
    ['a list', '- The boats are a sight.\n- The pier is a mess of the boxes, and of the ropes.'],
    ['a table', '| boat | place |\n| --- | --- |\n| the Anna is a boat | the pier of the town |'],
    ['a program', '{"boats": "The boats are a sight for the people, and the pier is a mess of boxes."}'],
    ['too short', 'The harbour is a quiet place.'],
    [
      'nothing to ask for',
      'Gulls wait, and whoever comes waits too, while nobody knows why anyone should go anywhere.',
    ],
    ['German', 'Der Hafen von Bremen hat 14 Boote. Am Morgen laden Fischer aus dem Norden ihre Kisten am Kai ab.'],
    ['French', 'Le port de Brest a 14 bateaux. Le matin, les gens de Marseille posent leurs caisses sur le quai.'],
    ['no text', ''],
  ])('are not made of %s', (_, response) => {
    expect(made(4, { response })).toEqual([]);
  });

  it('are not made of a pair with constraints, nor where none are asked for', () => {
    expect(made(4, { constraints: [{ family: 'one-line', parameters: {} }] })).toEqual([]);
    expect(made(0)).toEqual([]);
  });
});
