import { z } from 'zod';

import { sampleWithoutReplacement } from '../../random.js';
import { defineFamily } from '../family.js';
import { countWord, shortTopicWords } from '../text.js';

export const containsWord = defineFamily({
  name: 'contains-word',
  group: 'words',
  overlaps: 'IFEval keywords:existence',
  conflicts: ['without-letter'],
  parameters: z.strictObject({ word: z.string().regex(/^\p{L}+$/u, 'must be one word') }),
  draw: (random, task) => {
    const [word] = sampleWithoutReplacement(shortTopicWords(task), 1, random);
    return word === undefined ? null : { word };
  },
  observe: (text, random, task) => {
    const known = shortTopicWords(task);
    const own = shortTopicWords({ instruction: text }).filter(
      (word) => !known.includes(word) && countWord(text, word) > 0,
    );
    const [word] = sampleWithoutReplacement(own, 1, random);
    return word === undefined ? null : { word };
  },
  wordings: ({ word }) => [
    `The word "${word}" has to come up.`,
    `Work the word "${word}" into your answer.`,
    `Somewhere, say "${word}".`,
    `Your answer should mention the word "${word}".`,
    `Make sure to use "${word}" at least once.`,
    `Do not forget the keyword "${word}".`,
  ],
  check: (response, { word }) => countWord(response, word) > 0,
});
