import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { markWords } from '../impose.js';

export const placeholders = defineFamily({
  name: 'placeholders',
  group: 'words',
  overlaps: 'IFEval detectable_content:number_placeholders',
  beginning: { tokens: 24 },
  parameters: z.strictObject({ places: z.int().min(1) }),
  draw: (random) => ({ places: numberBetween(1, 4, random) }),
  wordings: ({ places }) => {
    const count = places === 1 ? 'one placeholder' : `${places} placeholders`;
    return [
      ...phrasings`Leave {at least |no fewer than }${count} in square brackets, such as {[name]|[date]|[city]|[price]}{, for the reader to fill in|}.`,
      ...phrasings`There {should|must} be {at least |}${count} {or more |}in it, like {[this]|[place]|[name]}.`,
      ...phrasings`{Your answer|Your response|It} {should|must} {contain|have|include} {at least |}${count} in square brackets{|, for example [address]|, e.g. [time]}.`,
    ];
  },
  impose: (text, { places }) => markWords(text, places, '[', ']'),
  check: (response, { places }) => [...response.matchAll(/\[[^[\]\n]*[\p{L}\p{N}][^[\]\n]*\]/gu)].length >= places,
});
