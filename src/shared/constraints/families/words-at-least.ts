import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
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
    `Take ${words} words or more for it.`,
    `Do not stop before ${words} words.`,
    `I need ${words} words at the very least.`,
    `Your answer should have at least ${words} words.`,
    `Write ${words} words or more.`,
  ],
  check: (response, { words }) => countWords(response) >= words,
});
