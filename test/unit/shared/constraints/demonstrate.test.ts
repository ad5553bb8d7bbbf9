import { describe, expect, it } from 'vitest';

import { constrainedSeed } from '../../../../src/shared/constraints/demonstrate.js';
import { constraintFamilies } from '../../../../src/shared/constraints/families/index.js';
import { loadSeeds } from '../../../../src/shared/load-seeds.js';
import { randomStream } from '../../../../src/shared/random.js';

const seeds = loadSeeds();

describe('demonstrations of constraints', () => {
  it.each(constraintFamilies.map((family) => [family.name, family] as const))(
    '%s: the seeds that are shown ask for it at their end, and their outputs have not become empty',
    (_, family) => {
      const random = randomStream(1);
      const shown = seeds.flatMap((seed) => constrainedSeed(seed, family, random) ?? []);
      for (const { id, instruction, output } of shown) {
        const seed = seeds.find((one) => one.id === id);
        expect(instruction.length).toBeGreaterThan(seed?.instruction.length ?? Infinity);
        expect(output).toMatch(/[\p{L}\p{N}]/u);
      }
    },
  );

  it('of every family but the one whose outputs no program can make, from the seeds that come with isheep', () => {
    const lacking = constraintFamilies.filter((family) => {
      const random = randomStream(1);
      return seeds.filter((seed) => constrainedSeed(seed, family, random) !== undefined).length < 2;
    });
    expect(lacking.map(({ name }) => name)).toEqual(['markdown-table']);
  });

  it('makes no demonstration of a seed without output, or of one that speaks of such matters itself', () => {
    const upperCase = constraintFamilies.find(({ name }) => name === 'upper-case');
    if (upperCase === undefined) throw new Error('there is no family upper-case');
    const seed = {
      id: 's',
      instruction: 'Name a colour.',
      input: '',
      output: 'Red, and now and then a very dark green, too, in autumn.',
    };
    expect(constrainedSeed(seed, upperCase, randomStream(1))?.output).toBe(seed.output.toUpperCase());
    expect(constrainedSeed({ ...seed, output: '' }, upperCase, randomStream(1))).toBeUndefined();
    expect(
      constrainedSeed({ ...seed, instruction: 'Use capital letters.' }, upperCase, randomStream(1)),
    ).toBeUndefined();
  });
});
