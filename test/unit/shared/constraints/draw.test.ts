import { describe, expect, it } from 'vitest';

import { countBy } from '../../../../src/pipeline/stages/stage-work.js';
import { unmetConstraints } from '../../../../src/shared/constraints/check.js';
import { drawConstraints } from '../../../../src/shared/constraints/draw.js';
import { constraintFamilies } from '../../../../src/shared/constraints/families/index.js';
import { randomStream } from '../../../../src/shared/random.js';
import { satisfy } from './satisfy.js';

const task = { instruction: 'Explain why the harbour freezes in some winters', input: '' };
const draw = (seed: number, over: object = {}, of = task) =>
  drawConstraints(of, { share: 1, perInstruction: 3, ...over }, randomStream(seed));
const familiesOf = (seed: number, over: object = {}) => draw(seed, over)?.constraints.map(({ family }) => family) ?? [];

describe('drawing constraints', () => {
  it('never draws what cannot be met together: of 10,000 draws each has a response that meets it', () => {
    const drawn = Array.from({ length: 10_000 }, (_, seed) => draw(seed)?.constraints ?? []);
    for (const constraints of drawn) {
      const response = satisfy(constraints);
      expect(unmetConstraints(response, constraints), `${JSON.stringify(constraints)}\n${response}`).toEqual([]);
    }
    const counts = countBy(drawn.flat().map(({ family }) => family));
    expect(Object.keys(counts).sort()).toEqual(constraintFamilies.map(({ name }) => name).sort());
  });

  it('gives the same for the same stream, and adds the sentences to the instruction', () => {
    expect(draw(7)).toEqual(draw(7));
    const one = draw(3, { families: ['no-commas'] });
    expect(one?.constraints).toEqual([{ family: 'no-commas', parameters: {} }]);
    expect(one?.instruction).toMatch(/^Explain why the harbour freezes in some winters\. .*[Cc]omma/);
  });

  it('draws for a share of the instructions, one to so many for each', () => {
    const numbers = countBy(Array.from({ length: 2000 }, (_, seed) => String(familiesOf(seed, { share: 0.5 }).length)));
    expect(Object.keys(numbers).sort()).toEqual(['0', '1', '2', '3']);
    expect(numbers['0']).toBeGreaterThan(900);
    expect(numbers['0']).toBeLessThan(1100);
    expect(draw(1, { share: 0 })).toBeUndefined();
    expect(Array.from({ length: 100 }, (_, seed) => familiesOf(seed, { perInstruction: 1 }).length)).not.toContain(2);
  });

  it('draws from the families that are named', () => {
    const families = ['no-commas', 'one-line'];
    expect(
      Array.from({ length: 200 }, (_, seed) => familiesOf(seed, { families }))
        .flat()
        .sort(),
    ).toContain('one-line');
    expect(new Set(Array.from({ length: 200 }, (_, seed) => familiesOf(seed, { families })).flat())).toEqual(
      new Set(families),
    );
  });

  it.each([
    ['Say it in two sentences.', 'words-at-most'],
    ['Make a list of birds.', 'json-object'],
    ['Write it in capital letters.', 'lower-case'],
    ['Add 3 and 4.', 'no-digits'],
    ['Why? Where? How?', 'contains-words'],
  ])('draws nothing that the task %j speaks of, or that does not fit it: %s', (instruction, family) => {
    expect(draw(1, { families: [family] }, { instruction, input: '' })).toBeUndefined();
  });

  it('takes words from the task', () => {
    const words = Array.from(
      { length: 50 },
      (_, seed) => draw(seed, { families: ['contains-words'] })?.constraints[0]?.parameters.words as string[],
    );
    expect([...new Set(words.flat())].sort()).toEqual(['freezes', 'harbour', 'winters']);
  });
});
