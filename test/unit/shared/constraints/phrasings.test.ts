import { describe, expect, it } from 'vitest';

import { listed, phrasings } from '../../../../src/shared/constraints/phrasings.js';

describe('phrasings of a pattern', () => {
  it('are all its alternatives, empty ones too', () => {
    expect(phrasings`{Use|Write} no commas{, please|}.`).toEqual([
      'Use no commas, please.',
      'Use no commas.',
      'Write no commas, please.',
      'Write no commas.',
    ]);
    expect(phrasings`One way only.`).toEqual(['One way only.']);
  });

  it('hold values as they are, in alternatives too', () => {
    expect(phrasings`Say "${'{a|b} $1'}" ${2} times.`).toEqual(['Say "{a|b} $1" 2 times.']);
    expect(phrasings`Say {${'x'}|it ${2} times}.`).toEqual(['Say x.', 'Say it 2 times.']);
  });

  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a or b'],
    [['a', 'b', 'c'], 'a, b or c'],
  ])('list %j as %j', (items, text) => {
    expect(listed(items, 'or')).toBe(text);
  });
});
