import { z } from 'zod';

import { defineFamily } from '../family.js';

export const lowerCase = defineFamily({
  name: 'lower-case',
  group: 'case',
  overlaps: 'IFEval change_case:english_lowercase',
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    'Use small letters only, also at the start of a sentence.',
    'Write it without a single capital letter.',
    'Everything in lower case, please.',
    'Your whole answer should be in lowercase letters.',
    'No capital letters are to be used.',
    'Please answer in all lowercase.',
  ],
  impose: (text) => text.toLowerCase(),
  check: (response) => !/[\p{Lu}\p{Lt}]/u.test(response),
});
