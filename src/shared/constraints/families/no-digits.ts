import { z } from 'zod';

import { userTurn } from '../../task-prompt.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

/** Of a task whose answer has numbers. */
const needsNumbers = /\d|\b(numbers?|how (many|much)|calculate|years?|dates?|percent\w*)\b/i;

export const noDigits = defineFamily({
  name: 'no-digits',
  group: 'characters',
  overlaps: null,
  parameters: z.strictObject({}),
  draw: (_, task) => (needsNumbers.test(userTurn(task)) ? null : {}),
  wordings: () => [
    ...phrasings`Spell out all numbers; no digits.`,
    ...phrasings`Do not use any of the digits 0 to 9.`,
    ...phrasings`Numbers {should|must} be written as words, never with digits.`,
  ],
  check: (response) => !/\p{Nd}/u.test(response),
});
