import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { countWords, roundedDown } from '../text.js';

const most = 100;

export const wordsAtLeast = defineFamily({
  name: 'words-at-least',
  group: 'length',
  overlaps: 'IFEval length_constraints:number_words',
  fewestWords: most,
  parameters: z.strictObject({ words: z.int().min(1) }),
  draw: (random) => ({ words: numberBetween(30, most, random, 10) }),
  observe: (text) => {
    const words = roundedDown(countWords(text));
    return words === 0 ? null : { words };
  },
  wordings: ({ words }) => [
    ...phrasings`Take ${words} words or more for it.`,
    ...phrasings`{Do not stop before|Write no fewer than|Use at least} ${words} words.`,
    ...phrasings`I {need|want} {at least ${words} words|${words} words at the very least}.`,
    ...phrasings`Your {answer|response|reply} {should|must} {have|contain} {at least ${words} words|${words} or more words}.`,
    ...phrasings`{Write|Answer in} {${words} words or more|at least ${words} words}.`,
  ],
  check: (response, { words }) => countWords(response) >= words,
});
