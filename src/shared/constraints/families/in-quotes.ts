import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const inQuotes = defineFamily({
  name: 'in-quotes',
  group: 'opening',
  overlaps: 'IFEval startend:quotation',
  beginning: { tokens: 4, hasEnd: true },
  // Their lines begin or end with other signs.
  conflicts: ['json-object', 'bullet-list', 'numbered-list', 'markdown-table', 'headings', 'ends-with'],
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`Put {all of it|everything|the whole answer} {between|inside|in} double quotation marks.`,
    ...phrasings`{The whole|Your whole|Your entire} {answer|response|reply} {has to|must|should} {stand in|be wrapped in|be inside} {quotation marks|double quotation marks|double quotes}.`,
    ...phrasings`Quote your {entire|whole} {reply|answer} with " {on both sides|before and after it}.`,
    ...phrasings`{Begin and end|Start and finish} {it|your response} with a {double quotation mark|quotation mark (")}.`,
  ],
  impose: (text) => `"${text}"`,
  check: (response) => /^["“][^]*[\p{L}\p{N}][^]*["”]$/u.test(response),
});
