import { z } from 'zod';

import { numberBetween, oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

const openings = [
  ...[
    'In short',
    'To begin with',
    'Here is my answer',
    'As far as I know',
    'Let us see',
    'Well then',
    'My view is this',
  ],
  ...['Dear reader', 'As you may know', 'First of all', 'Good that you ask', 'In my own words', 'Here it is'],
] as const;

export const startsWith = defineFamily({
  name: 'starts-with',
  group: 'opening',
  overlaps: null,
  beginning: { tokens: 10, weight: 1 / 2 },
  conflicts: ['lower-case', 'upper-case'],
  parameters: z.strictObject({ text: z.string().min(1) }),
  // No commas, rare letters or long words, which other families forbid.
  draw: (random) => ({ text: oneOf(openings, random) }),
  // The words that it has there anyway.
  observe: (text, random) => {
    const [words = ''] = /^(?:\p{L}+ ){2,4}/u.exec(text) ?? [];
    const start = words
      .split(' ')
      .slice(0, numberBetween(2, 4, random))
      .join(' ')
      .trim();
    return start === '' ? null : { text: start };
  },
  wordings: ({ text }) => [
    ...phrasings`The first words {must|should} be "${text}".`,
    ...phrasings`{Open|Begin|Start} {it |your answer |}with {|the words |exactly }"${text}".`,
    ...phrasings`Let your {answer|response|reply} {start|begin} with {the words |}"${text}".`,
    ...phrasings`Your {answer|response|reply} {should|must|has to} {begin|start} with "${text}"{|, word for word}.`,
  ],
  impose: (text, { text: start }) => `${start}: ${text}`,
  check: (response, { text }) =>
    response.toLowerCase().startsWith(text.toLowerCase()) && !/^[\p{L}\p{N}]/u.test(response.slice(text.length)),
});
