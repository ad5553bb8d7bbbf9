import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { countWord } from '../text.js';

export const avoidsWord = defineFamily({
  name: 'avoids-word',
  group: 'words',
  overlaps: 'IFEval keywords:forbidden_words',
  parameters: z.strictObject({ word: z.string().regex(/^\p{L}+$/u, 'must be one word') }),
  // Words that come easily, and that neither an opening, a closing nor a key of another family has.
  draw: (random) => ({
    word: oneOf(['very', 'important', 'many', 'also', 'because', 'however', 'good', 'new', 'can', 'which'], random),
  }),
  wordings: ({ word }) => [
    `Do without the word "${word}".`,
    `Never say "${word}" in it.`,
    `The word "${word}" is not allowed.`,
    `Please leave out the word "${word}".`,
    `I do not want to see the word "${word}" in your answer.`,
    `Keep "${word}" out of your response.`,
  ],
  check: (response, { word }) => countWord(response, word) === 0,
});
