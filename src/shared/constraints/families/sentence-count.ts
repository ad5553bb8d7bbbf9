import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { sentences } from '../text.js';

/** No one asks for more. */
const mostSentences = 10;

export const sentenceCount = defineFamily({
  name: 'sentence-count',
  group: 'length',
  overlaps: 'IFEval length_constraints:number_sentences',
  // In lists, tables and titles nobody agrees on what a sentence is.
  conflicts: [
    ...['paragraph-count', 'bullet-list', 'numbered-list', 'markdown-table', 'json-object', 'two-parts', 'headings'],
    ...['title-line', 'ends-with'],
  ],
  parameters: z.strictObject({ sentences: z.int().min(1) }),
  draw: (random) => ({ sentences: numberBetween(1, 4, random) }),
  observe: (text) => {
    const n = sentences(text).length;
    return n >= 1 && n <= mostSentences ? { sentences: n } : null;
  },
  wordings: ({ sentences: n }) => {
    const count = n === 1 ? 'one sentence' : `${n} sentences`;
    return [
      ...phrasings`{Say|Put|Answer} it in {exactly |}${count}.`,
      ...phrasings`I want {exactly |}${count}, {neither more nor fewer|no more and no fewer}.`,
      ...phrasings`Your {answer|response|reply} {should|must} {consist of|have} {exactly |}${count}.`,
      ...phrasings`{Answer|Respond} in {exactly |}${count}.`,
    ];
  },
  impose: (text, { sentences: n }) => sentences(text).slice(0, n).join(' '),
  check: (response, { sentences: n }) => sentences(response).length === n,
});
