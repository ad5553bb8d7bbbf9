import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const lowerCase = defineFamily({
  name: 'lower-case',
  group: 'case',
  overlaps: 'IFEval change_case:english_lowercase',
  beginning: { tokens: 12, weight: 2.5 },
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`Use {small|lower-case} letters only{|, also at the start of a sentence|, please}.`,
    ...phrasings`Write {it|everything|the whole of it} {without a single capital letter|in small letters|all in lowercase}.`,
    ...phrasings`Your {whole|entire|complete} {answer|response|reply} {should|must|has to} be {in lower case|in small letters|lowercase}.`,
    ...phrasings`{No capital letters|No capitals|No uppercase letters} {are to be used|may appear|at all}.`,
    ...phrasings`{Please answer|Answer|Respond} in {all lowercase|nothing but lowercase letters|all lower case}{| and use no capitals}.`,
    ...phrasings`{Make sure|See to it} that {all letters are lowercase|there is no capital letter in it|it has no uppercase letter}.`,
  ],
  impose: (text) => text.toLowerCase(),
  check: (response) => !/[\p{Lu}\p{Lt}]/u.test(response),
});
