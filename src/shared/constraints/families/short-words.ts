import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { longestWord } from '../text.js';

export const shortWords = defineFamily({
  name: 'short-words',
  group: 'characters',
  overlaps: null,
  parameters: z.strictObject({ letters: z.int().min(1) }),
  draw: (random) => ({ letters: numberBetween(longestWord + 1, 12, random) }),
  wordings: ({ letters }) => [
    ...phrasings`Use no word of more than ${letters} letters.`,
    ...phrasings`Long words are out: ${letters} letters at most.`,
    ...phrasings`Every word {should|must} have {at most ${letters} letters|${letters} letters or fewer}.`,
  ],
  check: (response, { letters }) => (response.match(/\p{L}+/gu) ?? []).every((word) => word.length <= letters),
});
