import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { parts } from '../impose.js';
import { lines } from '../text.js';

const bullet = /^[-*•]\s+\S/u;

export const bulletList = defineFamily({
  name: 'bullet-list',
  group: 'layout',
  overlaps: 'IFEval detectable_format:number_bullet_lists',
  parameters: z.strictObject({ items: z.int().min(1) }),
  draw: (random) => ({ items: numberBetween(3, 5, random) }),
  wordings: ({ items }) => [
    `Give it as a list of ${items} items, each on a line that starts with "- ".`,
    `Use ${items} bullet points, one a line, each marked with a hyphen.`,
  ],
  impose: (text, { items }) =>
    parts(text, items)
      .map((part) => `- ${part}`)
      .join('\n'),
  check: (response, { items }) => lines(response).filter((line) => bullet.test(line)).length === items,
});
