import { z } from 'zod';

import { sampleWithoutReplacement } from '../../random.js';
import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { countWord, shortTopicWords } from '../text.js';

/** No one asks for more. */
const mostTimes = 5;

export const repeatsWord = defineFamily({
  name: 'repeats-word',
  group: 'words',
  overlaps: 'IFEval keywords:frequency',
  conflicts: ['without-letter'],
  parameters: z.strictObject({ word: z.string().regex(/^\p{L}+$/u, 'must be one word'), times: z.int().min(1) }),
  draw: (random, task) => {
    const [word] = sampleWithoutReplacement(shortTopicWords(task), 1, random);
    return word === undefined ? null : { word, times: numberBetween(2, 3, random) };
  },
  observe: (text, random) => {
    const repeated = shortTopicWords({ instruction: text }).filter((word) => countWord(text, word) > 1);
    const [word] = sampleWithoutReplacement(repeated, 1, random);
    return word === undefined ? null : { word, times: Math.min(mostTimes, countWord(text, word)) };
  },
  wordings: ({ word, times }) => [
    `Bring in the word "${word}" ${times} times or more.`,
    `Use "${word}" as a word no fewer than ${times} times.`,
    `The word "${word}" should appear at least ${times} times.`,
    `Make sure to mention "${word}" ${times} times or more in your response.`,
  ],
  check: (response, { word, times }) => countWord(response, word) >= times,
});
