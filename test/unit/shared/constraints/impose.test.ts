import { describe, expect, it } from 'vitest';

import { firstSentences, markWords, parts, titleOf } from '../../../../src/shared/constraints/impose.js';

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
});
