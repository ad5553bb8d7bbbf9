import { z } from 'zod';

import { defineFamily } from '../family.js';
import { titleOf } from '../impose.js';
import { phrasings } from '../phrasings.js';

export const bracketedTitle = defineFamily({
  name: 'bracketed-title',
  group: 'opening',
  overlaps: 'IFEval detectable_format:title',
  beginning: { tokens: 10, weight: 1 / 3 },
  conflicts: ['json-object', 'sentence-count', 'paragraph-count', 'one-line'],
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`{Put|Give it|Add} a title {in|inside|between} double angle brackets{|, such as <<A Walk at Night>>|, like <<Bread and Salt>>}.`,
    ...phrasings`{It|Your answer|Your response} {must|should} {have|begin with|start with} a title {written|set} {like this: <<The Old Mill>>|as in <<Two Friends>>|between << and >>}.`,
    ...phrasings`{Name your answer|Give your response a title}, and {set|wrap} {the name|that} in double angular brackets{|: <<My Garden>>|, e.g. <<First Snow>>}.`,
  ],
  impose: (text, _, { instruction }) => `<<${titleOf(instruction)}>>\n\n${text}`,
  check: (response) => /^<<[^<>\n]*[\p{L}\p{N}][^<>\n]*>>\n\s*\S/u.test(response),
});
