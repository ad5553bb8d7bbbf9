import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { sampleWithoutReplacement } from '../../random.js';
import { defineFamily } from '../family.js';
import { oneWord } from '../parameters.js';
import { listed, phrasings } from '../phrasings.js';
import { countWord, shortTopicWords } from '../text.js';

const mostWords = 3;

export const containsWords = defineFamily({
  name: 'contains-words',
  group: 'words',
  overlaps: 'IFEval keywords:existence',
  conflicts: ['without-letter'],
  parameters: z.strictObject({ words: z.array(oneWord).min(1) }),
  draw: (random, task) => {
    const words = sampleWithoutReplacement(shortTopicWords(task), numberBetween(1, mostWords, random), random);
    return words.length === 0 ? null : { words };
  },
  observe: (text, random, task) => {
    const known = shortTopicWords(task);
    const own = shortTopicWords({ instruction: text }).filter(
      (word) => !known.includes(word) && countWord(text, word) > 0,
    );
    const words = sampleWithoutReplacement(own, numberBetween(1, mostWords, random), random);
    return words.length === 0 ? null : { words };
  },
  wordings: ({ words }) => {
    const quoted = listed(words.map((word) => `"${word}"`));
    const bare = listed(words);
    if (words.length === 1) {
      return [
        ...phrasings`The word {${quoted}|${bare}} {has to|must|should} {come up|appear}{| in it}.`,
        ...phrasings`Work the word {${quoted}|${bare}} into your {answer|response}.`,
        ...phrasings`Somewhere, {say|mention|use} {${quoted}|the word ${quoted}|the word ${bare}}.`,
        ...phrasings`Your {answer|response} {should|must} {mention|have|contain} the {word|keyword} {${quoted}|${bare}}.`,
        ...phrasings`{Do not forget|Remember} the keyword {${quoted}|${bare}}.`,
      ];
    }
    return [
      ...phrasings`The words {${quoted}|${bare}} {have to|must|should} {come up|appear}{| in it}.`,
      ...phrasings`Work the {words|keywords} {${quoted}|${bare}} into your {answer|response}.`,
      ...phrasings`{Mention|Use|Bring in} {all of these words|these words|the words}: {${quoted}|${bare}}.`,
      ...phrasings`Your {answer|response} {should|must} {mention|have|contain} the {words|keywords} {${quoted}|${bare}}.`,
      ...phrasings`{Do not forget|Remember} the keywords {${quoted}|${bare}}.`,
    ];
  },
  check: (response, { words }) => words.every((word) => countWord(response, word) > 0),
});
