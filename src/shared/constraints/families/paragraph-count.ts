import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { parts } from '../impose.js';
import { paragraphs } from '../text.js';

export const paragraphCount = defineFamily({
  name: 'paragraph-count',
  group: 'layout',
  overlaps: 'IFEval length_constraints:number_paragraphs',
  conflicts: ['title-line'],
  parameters: z.strictObject({ paragraphs: z.int().min(1) }),
  draw: (random) => ({ paragraphs: numberBetween(2, 3, random) }),
  observe: (text) => {
    const n = paragraphs(text).length;
    return n > 1 ? { paragraphs: n } : null;
  },
  wordings: ({ paragraphs: n }) => [
    `Write ${n} paragraphs with an empty line between them.`,
    `Split the answer into ${n} paragraphs, parted by blank lines.`,
    `Your answer should have exactly ${n} paragraphs, with a blank line after each.`,
  ],
  impose: (text, { paragraphs: n }) => parts(text, n).join('\n\n'),
  check: (response, { paragraphs: n }) => paragraphs(response).length === n,
});
