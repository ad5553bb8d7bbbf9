import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { parts } from '../impose.js';
import { countWords, lines } from '../text.js';

export const twoParts = defineFamily({
  name: 'two-parts',
  group: 'layout',
  overlaps: 'IFEval combination:two_responses',
  parameters: z.strictObject({ separator: z.string().min(1) }),
  draw: (random) => ({ separator: oneOf(['***', '******', '---', '====', '~~~'], random) }),
  wordings: ({ separator }) => [
    `Divide your text in two, with a line of only ${separator} in the middle.`,
    `Make two parts of it; between them a line that is just ${separator}`,
    `Give two parts, separated by a line with ${separator}`,
    `Your answer should have two sections with ${separator} between them.`,
  ],
  impose: (text, { separator }) => parts(text, 2).join(`\n\n${separator}\n\n`),
  check: (response, { separator }) => {
    const all = lines(response);
    const at = all.indexOf(separator);
    const isOnly = at !== -1 && at === all.lastIndexOf(separator);
    return isOnly && [all.slice(0, at), all.slice(at + 1)].every((part) => countWords(part.join(' ')) > 0);
  },
});
