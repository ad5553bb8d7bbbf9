import { describe, expect, it } from 'vitest';

import { constraintFamilies } from '../../../../src/shared/constraints/families/index.js';
import { firstSentences, markWords, parts, titleOf } from '../../../../src/shared/constraints/impose.js';
import { randomStream } from '../../../../src/shared/random.js';

const task = { instruction: 'Describe the harbour of a small town.' };
// Long enough for every family that keeps a part of it.
const text = (
  'The harbour is small, and most of its boats are old. In the morning, fishermen unload their boxes on the quay. ' +
  'Gulls wait for whatever falls. At noon everybody sleeps, even the dogs. '
)
  .repeat(4)
  .trim();

describe('texts made over', () => {
  it('keep as many whole sentences as have so many words', () => {
    expect(firstSentences('One two. Three four. Five.', 4)).toBe('One two. Three four.');
    expect(firstSentences('One two three.', 2)).toBe('');
  });

  it('are cut between sentences where there are enough, between words where not', () => {
    expect(parts('One two. Three four. Five.', 2)).toEqual(['One two. Three four.', 'Five.']);
    expect(parts('one two three four', 2)).toEqual(['one two', 'three four']);
    expect(parts('one', 3)).toEqual(['one']);
  });

  it('get a title from the first words of a task', () => {
    expect(titleOf('Which of these rivers, if any, flows north? Say why.')).toBe('Which of these rivers, if');
    expect(titleOf('Why?')).toBe('Why');
  });

  it('get so many long words marked', () => {
    expect(markWords('Slowly the morning passed.', 2, '**', '**')).toBe('**Slowly** the **morning** passed.');
  });

  it.each(constraintFamilies.filter(({ canImpose }) => canImpose).map((family) => [family.name, family] as const))(
    'meet %s, whatever is drawn for it',
    (_, family) => {
      for (let seed = 0; seed < 50; seed++) {
        const parameters = family.draw(randomStream(seed), task) ?? {};
        const made = family.impose(text, parameters, task);
        expect(family.check(made, parameters), `${JSON.stringify(parameters)}\n${made}`).toBe(true);
      }
    },
  );
});
