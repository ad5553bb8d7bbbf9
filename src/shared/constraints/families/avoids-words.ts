import { z } from 'zod';

import { sampleWithoutReplacement } from '../../random.js';
import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { oneWord } from '../parameters.js';
import { listed, phrasings } from '../phrasings.js';
import { countWord } from '../text.js';

/** Words that come easily, and that neither an opening, a closing nor a key of another family has. */
const common = [
  'very',
  'important',
  'many',
  'also',
  'because',
  'however',
  'good',
  'new',
  'can',
  'which',
  'one',
  'some',
];

const mostWords = 3;

export const avoidsWords = defineFamily({
  name: 'avoids-words',
  group: 'words',
  overlaps: 'IFEval keywords:forbidden_words',
  parameters: z.strictObject({ words: z.array(oneWord).min(1) }),
  draw: (random) => ({ words: sampleWithoutReplacement(common, numberBetween(1, mostWords, random), random) }),
  wordings: ({ words }) => {
    const quoted = listed(
      words.map((word) => `"${word}"`),
      'or',
    );
    const bare = listed(words, 'or');
    const noun = words.length === 1 ? 'word' : 'words';
    return [
      ...phrasings`Do without the ${noun} {${quoted}|${bare}}.`,
      ...phrasings`{Never|Do not} {say|write|use} {${quoted}|the ${noun} ${quoted}|the ${noun} ${bare}} {in it|anywhere}.`,
      ...phrasings`{Please leave out|Leave out|Avoid} the ${noun} {${quoted}|${bare}}.`,
      ...phrasings`I do not want to see the ${noun} {${quoted}|${bare}} in your {answer|response}.`,
      ...phrasings`Keep {${quoted}|the ${noun} ${bare}} out of your {answer|response}.`,
      ...phrasings`Your {answer|response} {must|should} not {contain|have} the ${noun} {${quoted}|${bare}}.`,
    ];
  },
  check: (response, { words }) => words.every((word) => countWord(response, word) === 0),
});
