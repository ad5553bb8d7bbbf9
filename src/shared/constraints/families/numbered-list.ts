import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { parts } from '../impose.js';
import { lines } from '../text.js';

const numbered = /^(\d+)[.)]\s+\S/u;

export const numberedList = defineFamily({
  name: 'numbered-list',
  group: 'layout',
  overlaps: null,
  conflicts: ['no-digits'],
  parameters: z.strictObject({ items: z.int().min(1) }),
  draw: (random) => ({ items: numberBetween(3, 5, random) }),
  wordings: ({ items }) => [
    `Number your points from 1 to ${items}, each on its own line ("1. …").`,
    `Make it a numbered list with ${items} entries, "1." first.`,
  ],
  impose: (text, { items }) =>
    parts(text, items)
      .map((part, i) => `${i + 1}. ${part}`)
      .join('\n'),
  check: (response, { items }) => {
    const found = lines(response).flatMap((line) => numbered.exec(line)?.[1] ?? []);
    return found.length === items && found.every((number, i) => Number(number) === i + 1);
  },
});
