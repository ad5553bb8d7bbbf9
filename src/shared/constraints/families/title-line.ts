import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { titleOf } from '../impose.js';
import { countWords, lines } from '../text.js';

const mostWords = 10;

export const titleLine = defineFamily({
  name: 'title-line',
  group: 'opening',
  overlaps: 'IFEval detectable_format:title',
  beginning: { tokens: 10, weight: 1 / 3 },
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`Put a title above it, on a line of its own that starts with "# ".`,
    ...phrasings`The first line has to be a {short |}title in Markdown ("# …").`,
    ...phrasings`Give your {answer|response} a title, marked with "# " at the {very top|beginning}.`,
  ],
  impose: (text, _, { instruction }) => `# ${titleOf(instruction)}\n\n${text}`,
  check: (response) => {
    const [first = '', ...rest] = lines(response);
    return /^#\s+\S/u.test(first) && countWords(first) <= mostWords && countWords(rest.join(' ')) > 0;
  },
});
