import { describe, expect, it } from 'vitest';

import { lowerCase } from '../../../../src/shared/constraints/families/lower-case.js';
import { oneLine } from '../../../../src/shared/constraints/families/one-line.js';
import { asSentence, instructionWith } from '../../../../src/shared/constraints/instruction-text.js';
import { randomStream } from '../../../../src/shared/random.js';

const taken = [lowerCase, oneLine].map((family) => ({ family, constraint: { family: family.name, parameters: {} } }));

describe('the text of an instruction with constraints', () => {
  it.each([
    ['Sum up the text:', 'Sum up the text.'],
    ['Why is it cold?', 'Why is it cold?'],
    ['Say "no."', 'Say "no."'],
    ['Name a bird', 'Name a bird.'],
  ])('ends the instruction %j before it goes on', (instruction, ended) => {
    expect(asSentence(instruction)).toBe(ended);
  });

  it('has the sentences behind the task most often, sometimes on lines of their own or in front', () => {
    const places = Array.from({ length: 200 }, (_, i) => {
      const text = instructionWith('Name a bird:', taken, randomStream(i));
      if (text.includes('\n')) return text.startsWith('Name a bird.\n') ? 'own lines' : text;
      if (text.startsWith('Name a bird. ')) return 'behind';
      return text.endsWith(' Name a bird.') ? 'in front' : text;
    });
    expect(new Set(places)).toEqual(new Set(['behind', 'own lines', 'in front']));
    expect(places.filter((place) => place === 'behind').length).toBeGreaterThan(100);
  });

  it('asks for every constraint, in many wordings', () => {
    const texts = Array.from({ length: 100 }, (_, i) => instructionWith('Name a bird', taken, randomStream(i)));
    const asksFor = (text: string, wordings: readonly string[]) => wordings.some((one) => text.includes(one));
    for (const { family } of taken) expect(texts.every((text) => asksFor(text, family.wordings({})))).toBe(true);
    expect(new Set(texts).size).toBeGreaterThan(50);
  });
});
