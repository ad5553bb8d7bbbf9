import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const upperCase = defineFamily({
  name: 'upper-case',
  group: 'case',
  overlaps: 'IFEval change_case:english_capital',
  beginning: { tokens: 12, weight: 2 },
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`Write in {block capitals|capital letters|capitals} {throughout|only}.`,
    ...phrasings`Use {capital|upper-case|uppercase} letters only{|, please}.`,
    ...phrasings`Your {whole|entire|complete} {answer|response|reply} {should|must|has to} be in {all capital letters|upper case|all caps}.`,
    ...phrasings`{Please respond|Respond|Answer} in {CAPS ONLY|uppercase letters only|all capitals}{| and in nothing else}.`,
    ...phrasings`{No small letters|No lowercase letters} {are to be used|may appear|at all}.`,
    ...phrasings`{Make sure|See to it} that {every letter is a capital|all letters are uppercase|it has no lowercase letter}.`,
  ],
  impose: (text) => text.toUpperCase(),
  check: (response) => /\p{Lu}/u.test(response) && !/\p{Ll}/u.test(response),
});
