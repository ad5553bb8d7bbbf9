import { z } from 'zod';

import { numberBetween, oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { parts } from '../impose.js';
import { lines, paragraphs } from '../text.js';

/** What stands between dividers that have a line of their own; those at the beginning and the end part nothing. */
function blocks(text: string, divider: string): string[] {
  if (divider === '') return paragraphs(text);
  const marked = lines(text).map((line) => (line === divider ? '\u0000' : line));
  return marked
    .join('\n')
    .split('\u0000')
    .filter((block) => block.trim() !== '');
}

export const paragraphCount = defineFamily({
  name: 'paragraph-count',
  group: 'layout',
  overlaps: 'IFEval length_constraints:number_paragraphs',
  conflicts: ['title-line'],
  parameters: z.strictObject({ paragraphs: z.int().min(1), divider: z.enum(['', '***', '---']) }),
  draw: (random) => ({ paragraphs: numberBetween(2, 4, random), divider: oneOf(['', '***', '---'], random) }),
  observe: (text) => {
    const n = paragraphs(text).length;
    return n > 1 ? { paragraphs: n, divider: '' } : null;
  },
  wordings: ({ paragraphs: n, divider }) => {
    const between = divider === '' ? 'an empty line' : `a line of ${divider}`;
    return [
      ...phrasings`{Write|Give|I want} {exactly |}${n} paragraphs {with ${between} between them|separated by ${between}}.`,
      ...phrasings`{Split|Divide} {the answer|your response|it} into {exactly |}${n} paragraphs, {parted|separated|divided} by ${between}.`,
      ...phrasings`Your {answer|response} {should|must} have {exactly |}${n} paragraphs, with ${between} {between|in between}.`,
    ];
  },
  impose: (text, { paragraphs: n, divider }) => parts(text, n).join(divider === '' ? '\n\n' : `\n\n${divider}\n\n`),
  check: (response, { paragraphs: n, divider }) => blocks(response, divider).length === n,
});
