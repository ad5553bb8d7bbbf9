import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
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
  beginning: { tokens: 6 },
  parameters: z.strictObject({ items: z.int().min(1) }),
  draw: (random) => ({ items: numberBetween(3, 5, random) }),
  observe: (text) => {
    const items = countBullets(text);
    return items > 1 ? { items } : null;
  },
  wordings: ({ items }) => [
    ...phrasings`Give it as a list of ${items} items, each on a line that starts with {"- "|"* "}.`,
    ...phrasings`Use {exactly |}${items} bullet points, one a line, {each marked with a hyphen|each marked with *|each behind a dash}.`,
    ...phrasings`Your {answer|response} {should|must} {be made of|have|consist of} {exactly |}${items} {bullet points|bullets} in {Markdown|markdown format}.`,
    ...phrasings`I want {exactly |}${items} bullets, {no more and no fewer|neither more nor fewer}, such as {"- a point"|"* a point"}.`,
    ...phrasings`{List|Include|Make} {exactly |}${items} {bullet points|points with a dash before each}.`,
    ...phrasings`{It needs|There must be} {exactly |}${items} bullet points, {like this: * one point|in the form "* first", "* second"}.`,
  ],
  impose: (text, { items }) =>
    parts(text, items)
      .map((part) => `- ${part}`)
      .join('\n'),
  check: (response, { items }) => countBullets(response) === items,
});
