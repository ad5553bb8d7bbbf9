import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { longestWord } from '../text.js';

export const shortWords = defineFamily({
  name: 'short-words',
  group: 'characters',
  overlaps: null,
  parameters: z.strictObject({ letters: z.int().min(1) }),
  draw: (random) => ({ letters: numberBetween(longestWord + 1, 12, random) }),
  wordings: ({ letters }) => [
    `Use no word of more than ${letters} letters.`,
    `Long words are out: ${letters} letters at most.`,
    `Every word should have at most ${letters} letters.`,
  ],
  check: (response, { letters }) => (response.match(/\p{L}+/gu) ?? []).every((word) => word.length <= letters),
});
