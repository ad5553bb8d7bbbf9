import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { lines } from '../text.js';

export const headings = defineFamily({
  name: 'headings',
  group: 'layout',
  overlaps: 'IFEval detectable_format:multiple_sections',
  parameters: z.strictObject({ headings: z.int().min(1) }),
  draw: (random) => ({ headings: numberBetween(2, 3, random) }),
  wordings: ({ headings: n }) => [
    `Give the text ${n} headings, each on a line that starts with "## ".`,
    `Part it by ${n} Markdown headings of the second level.`,
  ],
  check: (response, { headings: n }) => lines(response).filter((line) => /^##\s+\S/u.test(line)).length === n,
});
