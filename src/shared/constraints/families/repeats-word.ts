import { z } from 'zod';

import { sampleWithoutReplacement } from '../../random.js';
import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { oneWord } from '../parameters.js';
import { phrasings } from '../phrasings.js';
import { countWord, shortTopicWords } from '../text.js';

/** No one asks for more. */
const mostTimes = 5;

export const repeatsWord = defineFamily({
  name: 'repeats-word',
  group: 'words',
  overlaps: 'IFEval keywords:frequency',
  conflicts: ['without-letter'],
  parameters: z.strictObject({ word: oneWord, times: z.int().min(1) }),
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
    ...phrasings`Bring in the word "${word}" {at least ${times} times|${times} times or more}.`,
    ...phrasings`Use {|the word }"${word}" {as a word |}no fewer than ${times} times.`,
    ...phrasings`The word {"${word}"|${word}} {should|must|has to} {appear|come up|occur} {at least ${times} times|${times} times or more}.`,
    ...phrasings`{Make sure|Remember} to {mention|say|use} {"${word}"|the word ${word}} ${times} times or more{| in your response}.`,
  ],
  check: (response, { word, times }) => countWord(response, word) >= times,
});
