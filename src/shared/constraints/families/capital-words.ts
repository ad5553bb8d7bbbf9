import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

const longWord = /(?<![\p{L}\p{N}])\p{L}{5,}(?![\p{L}\p{N}])/gu;

export const capitalWords = defineFamily({
  name: 'capital-words',
  group: 'case',
  overlaps: 'IFEval change_case:capital_word_frequency',
  beginning: { tokens: 24 },
  conflicts: ['json-object'],
  parameters: z.strictObject({ times: z.int().min(1) }),
  draw: (random) => ({ times: numberBetween(1, 5, random) }),
  wordings: ({ times }) => {
    const count = times === 1 ? 'one word' : `${times} words`;
    return [
      ...phrasings`{Write|Put|Set} {at least ${count}|${count} or more} {in capital letters|in all capitals|in CAPITALS}.`,
      ...phrasings`{There should|There must} be {at least ${count}|${count} or more} in {all caps|capital letters only} {in it|in your answer|in your response}.`,
      ...phrasings`{Stress|Emphasize} {at least ${count}|${count} or more} by writing {LIKE THIS|in ALL CAPS}.`,
    ];
  },
  /** Its longest words come first, as the likeliest to matter. */
  impose: (text, { times }) => {
    const byLength = [...new Set(text.match(longWord) ?? [])].sort((a, b) => b.length - a.length);
    const stressed = new Set(byLength.slice(0, times));
    return text.replace(longWord, (word) => (stressed.has(word) ? word.toUpperCase() : word));
  },
  check: (response, { times }) =>
    (response.match(/(?<![\p{L}\p{N}])\p{Lu}{2,}(?![\p{L}\p{N}])/gu) ?? []).length >= times,
});
