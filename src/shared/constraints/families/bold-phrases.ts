import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { markWords } from '../impose.js';

export const boldPhrases = defineFamily({
  name: 'bold-phrases',
  group: 'words',
  overlaps: 'IFEval detectable_format:number_highlighted_sections',
  beginning: { tokens: 24 },
  parameters: z.strictObject({ times: z.int().min(1) }),
  draw: (random) => ({ times: numberBetween(1, 3, random) }),
  wordings: ({ times }) => {
    const places = times === 1 ? 'one place' : `${times} places`;
    return [
      ...phrasings`Set {what matters|the main words} in bold with **double asterisks**, in {at least |}${places}{ or more|}.`,
      ...phrasings`Mark ${places} {at least|or more} as {**bold**|*highlighted*}.`,
      ...phrasings`Highlight {at least |}${places} {|or more }{in Markdown|with asterisks}, {**like this**|*like this*}.`,
      ...phrasings`Emphasize {at least |no fewer than }${places} of your {answer|response} {with **bold** type|in the manner of *this*}.`,
    ];
  },
  impose: (text, { times }) => markWords(text, times, '**', '**'),
  check: (response, { times }) => [...response.matchAll(/\*\*[^*\s](?:[^*\n]*[^*\s])?\*\*/gu)].length >= times,
});
