import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
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
    ...phrasings`Keep it {to ${words} words or fewer|under ${words + 1} words|within ${words} words}.`,
    ...phrasings`No more than ${words} words{, please|}.`,
    ...phrasings`${words} words is the limit.`,
    ...phrasings`Your {answer|response|reply} {should|must} {have|be} ${words} words at most.`,
    ...phrasings`{Answer|Respond|Write} in {${words} words or less|at most ${words} words|less than ${words + 1} words}.`,
  ],
  impose: (text, { words }) => firstSentences(text, words),
  check: (response, { words }) => countWords(response) <= words,
});
