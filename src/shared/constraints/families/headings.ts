import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { parts, titleOf } from '../impose.js';
import { lines } from '../text.js';

export const headings = defineFamily({
  name: 'headings',
  group: 'layout',
  overlaps: 'IFEval detectable_format:multiple_sections',
  beginning: { tokens: 8 },
  parameters: z.strictObject({ headings: z.int().min(1) }),
  draw: (random) => ({ headings: numberBetween(2, 3, random) }),
  wordings: ({ headings: n }) => [
    ...phrasings`Give the text {exactly |}${n} headings, each on a line that starts with "## ".`,
    ...phrasings`Part it by ${n} Markdown headings of the second level.`,
    ...phrasings`Divide your {answer|response} into {exactly |}${n} sections, each under a heading such as "## Heading".`,
  ],
  impose: (text, { headings: n }) =>
    parts(text, n)
      .map((part) => `## ${titleOf(part)}\n${part}`)
      .join('\n\n'),
  check: (response, { headings: n }) => lines(response).filter((line) => /^##\s+\S/u.test(line)).length === n,
});
