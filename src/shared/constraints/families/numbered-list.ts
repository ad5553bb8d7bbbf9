import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { parts } from '../impose.js';
import { lines } from '../text.js';

const numbered = /^(\d+)[.)]\s+\S/u;

function numbersOf(text: string): string[] {
  return lines(text).flatMap((line) => numbered.exec(line)?.[1] ?? []);
}

/** Whether its numbers are 1 to `items`, in order. */
function isNumbered(text: string, items: number): boolean {
  const found = numbersOf(text);
  return found.length === items && found.every((number, i) => Number(number) === i + 1);
}

export const numberedList = defineFamily({
  name: 'numbered-list',
  group: 'layout',
  overlaps: null,
  beginning: { tokens: 6 },
  conflicts: ['no-digits'],
  parameters: z.strictObject({ items: z.int().min(1) }),
  draw: (random) => ({ items: numberBetween(3, 5, random) }),
  observe: (text) => {
    const items = numbersOf(text).length;
    return items > 1 && isNumbered(text, items) ? { items } : null;
  },
  wordings: ({ items }) => [
    ...phrasings`Number your points from 1 to ${items}, each on its own line ("1. …").`,
    ...phrasings`Make it a numbered list with {exactly |}${items} {entries|items|points}, "1." first.`,
    ...phrasings`Answer in {exactly |}${items} numbered {points|steps|lines}, starting with "1.".`,
  ],
  impose: (text, { items }) =>
    parts(text, items)
      .map((part, i) => `${i + 1}. ${part}`)
      .join('\n'),
  check: (response, { items }) => isNumbered(response, items),
});
