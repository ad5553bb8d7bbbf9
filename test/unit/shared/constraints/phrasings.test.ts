import { describe, expect, it } from 'vitest';

import { asking, asSentence } from '../../../../src/shared/constraints/asking.js';
import { listed, phrasings } from '../../../../src/shared/constraints/phrasings.js';
import { randomStream } from '../../../../src/shared/random.js';

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

describe('asking for constraints', () => {
  it.each([
    ['Sum up the text:', 'Sum up the text.'],
    ['Why is it cold?', 'Why is it cold?'],
    ['Say "no."', 'Say "no."'],
    ['Name a bird', 'Name a bird.'],
  ])('ends the instruction %j before it goes on', (instruction, ended) => {
    expect(asSentence(instruction)).toBe(ended);
  });

  it('puts them behind the task most often, sometimes on lines of their own or in front', () => {
    const all = Array.from({ length: 200 }, (_, i) =>
      asking('Name a bird:', ['No commas.', 'Be brief.'], randomStream(i)),
    );
    const behind = all.filter((text) => text === 'Name a bird. No commas. Be brief.').length;
    expect(behind).toBeGreaterThan(100);
    expect(new Set(all)).toEqual(
      new Set([
        'Name a bird. No commas. Be brief.',
        'Name a bird.\nNo commas.\nBe brief.',
        'No commas. Be brief. Name a bird.',
      ]),
    );
  });
});
