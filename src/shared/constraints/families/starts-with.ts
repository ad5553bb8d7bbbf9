import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';

export const startsWith = defineFamily({
  name: 'starts-with',
  group: 'opening',
  overlaps: null,
  conflicts: ['lower-case', 'upper-case'],
  parameters: z.strictObject({ text: z.string().min(1) }),
  // No commas, rare letters or long words, which other families forbid.
  draw: (random) => ({
    text: oneOf(['In short', 'To begin with', 'Here is my answer', 'As far as I know', 'Let us see'], random),
  }),
  wordings: ({ text }) => [
    `The first words must be "${text}".`,
    `Open with "${text}".`,
    `Let your answer start with the words "${text}".`,
    `Your reply should begin with "${text}".`,
    `Start your response with "${text}", word for word.`,
  ],
  impose: (text, { text: start }) => `${start}: ${text}`,
  check: (response, { text }) =>
    response.toLowerCase().startsWith(text.toLowerCase()) && !/^[\p{L}\p{N}]/u.test(response.slice(text.length)),
});
