import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { countWords } from '../text.js';

const most = 100;

export const wordsAtLeast = defineFamily({
  name: 'words-at-least',
  group: 'length',
  overlaps: 'IFEval length_constraints:number_words',
  fewestWords: most,
  parameters: z.strictObject({ words: z.int().min(1) }),
  draw: (random) => ({ words: numberBetween(30, most, random, 10) }),
  wordings: ({ words }) => [
    `Take ${words} words or more for it.`,
    `Do not stop before ${words} words.`,
    `I need ${words} words at the very least.`,
  ],
  check: (response, { words }) => countWords(response) >= words,
});
