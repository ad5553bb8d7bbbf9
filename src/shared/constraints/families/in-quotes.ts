import { z } from 'zod';

import { defineFamily } from '../family.js';

export const inQuotes = defineFamily({
  name: 'in-quotes',
  group: 'opening',
  overlaps: 'IFEval startend:quotation',
  // Their lines begin or end with other signs.
  conflicts: ['json-object', 'bullet-list', 'numbered-list', 'markdown-table', 'headings', 'ends-with'],
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    'Put all of it between double quotation marks.',
    'The whole answer has to stand in quotation marks: " at its beginning and " at its end.',
    'Quote your entire reply with " on both sides.',
  ],
  impose: (text) => `"${text}"`,
  check: (response) => /^["“][^]*[\p{L}\p{N}][^]*["”]$/u.test(response),
});
