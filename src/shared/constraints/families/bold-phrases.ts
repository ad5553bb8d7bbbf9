import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { markWords } from '../impose.js';

export const boldPhrases = defineFamily({
  name: 'bold-phrases',
  group: 'words',
  overlaps: 'IFEval detectable_format:number_highlighted_sections',
  parameters: z.strictObject({ times: z.int().min(1) }),
  draw: (random) => ({ times: numberBetween(1, 3, random) }),
  wordings: ({ times }) => {
    const places = times === 1 ? 'one place' : `${times} places`;
    return [
      `Set what matters in bold with **double asterisks**, in ${places} or more.`,
      `Mark ${places} at least as **bold**.`,
      `Highlight ${places} or more in Markdown, **like this**.`,
      `Emphasize at least ${places} of your answer with **bold** type.`,
    ];
  },
  impose: (text, { times }) => markWords(text, times, '**', '**'),
  check: (response, { times }) => [...response.matchAll(/\*\*[^*\s](?:[^*\n]*[^*\s])?\*\*/gu)].length >= times,
});
