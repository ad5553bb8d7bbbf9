import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const withoutLetter = defineFamily({
  name: 'without-letter',
  group: 'characters',
  overlaps: 'IFEval keywords:letter_frequency',
  parameters: z.strictObject({ letter: z.string().regex(/^\p{L}$/u, 'must be one letter') }),
  draw: (random) => ({ letter: oneOf(['j', 'q', 'x', 'z'], random) }),
  wordings: ({ letter }) => [
    ...phrasings`Leave out the letter {"${letter}"|${letter}}, small or capital.`,
    ...phrasings`The letter {"${letter}"|${letter}} must not {turn up in any word|appear}.`,
    ...phrasings`Do not use the letter {"${letter}"|${letter}} {anywhere|at all} in your {response|answer}.`,
  ],
  check: (response, { letter }) => !response.toLowerCase().includes(letter.toLowerCase()),
});
