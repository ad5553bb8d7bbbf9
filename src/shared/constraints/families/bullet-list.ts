import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { parts } from '../impose.js';
import { lines } from '../text.js';

const bullet = /^[-*•]\s+\S/u;

function countBullets(text: string): number {
  return lines(text).filter((line) => bullet.test(line)).length;
}

export const bulletList = defineFamily({
  name: 'bullet-list',
  group: 'layout',
  overlaps: 'IFEval detectable_format:number_bullet_lists',
  parameters: z.strictObject({ items: z.int().min(1) }),
  draw: (random) => ({ items: numberBetween(3, 5, random) }),
  observe: (text) => {
    const items = countBullets(text);
    return items > 1 ? { items } : null;
  },
  wordings: ({ items }) => [
    `Give it as a list of ${items} items, each on a line that starts with "- ".`,
    `Use ${items} bullet points, one a line, each marked with a hyphen.`,
    `Your answer should be made of exactly ${items} bullet points in Markdown.`,
    `I want ${items} bullets, no more and no fewer, such as "- a point".`,
    `List ${items} points with a dash before each.`,
  ],
  impose: (text, { items }) =>
    parts(text, items)
      .map((part) => `- ${part}`)
      .join('\n'),
  check: (response, { items }) => countBullets(response) === items,
});
