import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { markWords } from '../impose.js';

export const placeholders = defineFamily({
  name: 'placeholders',
  group: 'words',
  overlaps: 'IFEval detectable_content:number_placeholders',
  parameters: z.strictObject({ places: z.int().min(1) }),
  draw: (random) => ({ places: numberBetween(1, 4, random) }),
  wordings: ({ places }) => {
    const count = places === 1 ? 'one placeholder' : `${places} placeholders`;
    return [
      `Leave at least ${count} in square brackets, such as [name], for the reader to fill in.`,
      `There should be ${count} or more in it, like [this].`,
    ];
  },
  impose: (text, { places }) => markWords(text, places, '[', ']'),
  check: (response, { places }) => [...response.matchAll(/\[[^[\]\n]*[\p{L}\p{N}][^[\]\n]*\]/gu)].length >= places,
});
