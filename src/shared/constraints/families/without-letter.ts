import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';

export const withoutLetter = defineFamily({
  name: 'without-letter',
  group: 'characters',
  overlaps: 'IFEval keywords:letter_frequency',
  parameters: z.strictObject({ letter: z.string().regex(/^\p{L}$/u, 'must be one letter') }),
  draw: (random) => ({ letter: oneOf(['j', 'q', 'x', 'z'], random) }),
  wordings: ({ letter }) => [
    `Leave out the letter "${letter}", small or capital.`,
    `The letter "${letter}" must not turn up in any word.`,
    `Do not use the letter "${letter}" anywhere in your response.`,
  ],
  check: (response, { letter }) => !response.toLowerCase().includes(letter.toLowerCase()),
});
