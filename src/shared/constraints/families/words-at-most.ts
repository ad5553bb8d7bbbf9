import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { firstSentences } from '../impose.js';
import { countWords } from '../text.js';

export const wordsAtMost = defineFamily({
  name: 'words-at-most',
  group: 'length',
  overlaps: 'IFEval length_constraints:number_words',
  parameters: z.strictObject({ words: z.int().min(1) }),
  draw: (random) => ({ words: numberBetween(30, 100, random, 10) }),
  wordings: ({ words }) => [
    `Keep it to ${words} words or fewer.`,
    `No more than ${words} words, please.`,
    `${words} words is the limit.`,
  ],
  impose: (text, { words }) => firstSentences(text, words),
  check: (response, { words }) => countWords(response) <= words,
});
