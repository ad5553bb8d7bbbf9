import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { firstSentences } from '../impose.js';
import { countWords, roundedDown } from '../text.js';

export const wordsAtMost = defineFamily({
  name: 'words-at-most',
  group: 'length',
  overlaps: 'IFEval length_constraints:number_words',
  parameters: z.strictObject({ words: z.int().min(1) }),
  draw: (random) => ({ words: numberBetween(30, 100, random, 10) }),
  observe: (text) => ({ words: roundedDown(countWords(text)) + 10 }),
  wordings: ({ words }) => [
    `Keep it to ${words} words or fewer.`,
    `No more than ${words} words, please.`,
    `${words} words is the limit.`,
    `Your answer should be ${words} words at most.`,
    `Answer in ${words} words or less.`,
    `Stay under ${words + 1} words.`,
  ],
  impose: (text, { words }) => firstSentences(text, words),
  check: (response, { words }) => countWords(response) <= words,
});
