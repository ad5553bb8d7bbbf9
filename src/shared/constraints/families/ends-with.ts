import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';

export const endsWith = defineFamily({
  name: 'ends-with',
  group: 'closing',
  overlaps: 'IFEval startend:end_checker',
  conflicts: ['lower-case', 'upper-case'],
  parameters: z.strictObject({ text: z.string().min(1) }),
  // No commas, rare letters or long words, which other families forbid.
  draw: (random) => ({
    text: oneOf(['That is all.', 'I hope this helps.', 'And so it goes.', 'Tell me if you need more.'], random),
  }),
  wordings: ({ text }) => [
    `Close with the sentence "${text}"`,
    `Your last words must be "${text}"`,
    `Finish by saying "${text}" and stop there.`,
    `The very last sentence of your reply should be "${text}" Nothing comes after it.`,
    `Make sure that your answer ends with exactly this: "${text}"`,
  ],
  impose: (text, { text: end }) => `${text} ${end}`,
  check: (response, { text }) => response.toLowerCase().endsWith(text.toLowerCase()),
});
