import { z } from 'zod';

import { defineFamily } from '../family.js';

export const upperCase = defineFamily({
  name: 'upper-case',
  group: 'case',
  overlaps: 'IFEval change_case:english_capital',
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    'Write in block capitals throughout.',
    'Use capital letters only.',
    'Everything in upper case, please.',
    'Your whole answer should be in capital letters.',
    'Please respond in ALL CAPS.',
    'No small letters are to be used.',
  ],
  impose: (text) => text.toUpperCase(),
  check: (response) => /\p{Lu}/u.test(response) && !/\p{Ll}/u.test(response),
});
