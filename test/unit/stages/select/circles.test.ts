import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import type { Pair } from '../../../../src/shared/rows.js';
import { endsOfCircle } from '../../../../src/stages/select/circles.js';

const circling = (response: string, of: Partial<Pair> = {}): Pair => ({
  id: 'c-1-7',
  instruction: 'Tell of a walk.',
  input: 'by the sea',
  response,
  source: { stop: 'repetition' },
  ...of,
});
const begun = 'We walked along the beach for an hour, and the wind was strong.';
const round = ' "Look!" she said. I looked at the sea and it was grey.';
const responses = (response: string, count = 3) => endsOfCircle(circling(response), count).map((pair) => pair.response);

it('ends before the repetition, then behind its first repeated sentence, then later', () => {
  const [first, second, ...later] = responses(`${begun}${round.repeat(9)} "Look!" she sa`);
  expect(first).toBe(`${begun}${round}`);
  expect(second).toBe(`${begun}${round} "Look!"`);
  expect(later).toHaveLength(1);
  expect(later[0]?.length).toBeGreaterThan(`${begun}${round.repeat(3)}`.length);
});

it('trains on the end alone, under ids of their own, and says what it is made of', () => {
  const pairs = endsOfCircle(circling(begun + round.repeat(9)), 2);
  expect(pairs.map(({ id }) => id)).toEqual(['c-1-7-e1', 'c-1-7-e2']);
  for (const { response, ...pair } of pairs) {
    expect(response.endsWith(' ')).toBe(false);
    expect(pair).toMatchObject({ instruction: 'Tell of a walk.', input: 'by the sea', trainedTokens: -1, weight: 8 });
    expect(pair.source).toEqual({ hindsightOf: 'c-1-7', circle: true });
  }
});

it('gives as many as are asked for, each once, and all where there are fewer', () => {
  const response = begun + round.repeat(9);
  for (const count of [0, 1, 2, 5]) expect(new Set(responses(response, count)).size).toBe(count);
  expect(responses(response, 16).length).toBeGreaterThan(10);
  expect(responses(response)).toHaveLength(3);
});

it('ends at lines where there are no sentences, and nowhere where there is neither', () => {
  expect(responses(`A list\n${'- more\n'.repeat(30)}`, 2)).toEqual(['A list\n- more', 'A list\n- more\n- more']);
  expect(responses('1.1111111111'.repeat(30))).toEqual([]);
  expect(responses('')).toEqual([]);
});

it('does not end where something is announced', () => {
  expect(responses(`Bake it.\nIngredients:\n${'- flour;\nSteps:\n- Stir.\n'.repeat(30)}`, 2)).toEqual([
    'Bake it.\nIngredients:\n- flour;\nSteps:\n- Stir.',
    'Bake it.\nIngredients:\n- flour;\nSteps:\n- Stir.\n- flour;\nSteps:\n- Stir.',
  ]);
});

it('leaves out what comes so late that hardly anything of it would be trained on', () => {
  const prose = Array.from({ length: 200 }, (_, i) => `Step ${i} is another one. `).join('');
  expect(responses(prose + round.repeat(9))).toEqual([]);
});

it('takes nothing of a response that ended, was cut off by its length, or has constraints', () => {
  const response = begun + round.repeat(9);
  for (const stop of ['end', 'length', 'string', undefined]) {
    expect(endsOfCircle(circling(response, { source: { stop } }), 3)).toEqual([]);
  }
  const constraints = [{ family: 'words-at-least', parameters: { words: 100 } }];
  expect(endsOfCircle(circling(response, { constraints }), 3)).toEqual([]);
});

it('never ends within a word, nor before the text repeats itself, whatever the text is', () => {
  const source = readFileSync(path.join(import.meta.dirname, 'circles.test.ts'), 'utf8');
  for (let from = 0; from < source.length; from += 97) {
    const head = source.slice(from, from + 60);
    const again = source.slice(from + 60, from + 60 + (from % 83) + 2);
    const response = head + again.repeat(8);
    for (const cut of responses(response, 16)) {
      expect(response.startsWith(cut)).toBe(true);
      expect(cut.length + 3 + again.length).toBeGreaterThanOrEqual(head.length);
      expect(response.slice(cut.length)).toMatch(/^(\s|$)/u);
    }
  }
});
