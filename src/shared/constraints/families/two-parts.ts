import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { parts } from '../impose.js';
import { countWords, lines } from '../text.js';

export const twoParts = defineFamily({
  name: 'two-parts',
  group: 'layout',
  overlaps: 'IFEval combination:two_responses',
  parameters: z.strictObject({ separator: z.string().min(1) }),
  draw: (random) => ({ separator: oneOf(['***', '******', '---', '====', '~~~'], random) }),
  wordings: ({ separator }) => [
    ...phrasings`Divide your text in two, with a line of only ${separator} in the middle.`,
    ...phrasings`{Make|Give|Write} {exactly |}two parts{| of it}; between them a line that is just ${separator}`,
    ...phrasings`{Give|I want} {exactly |}two {parts|pieces|sections}, {separated|parted|divided} by {a line with |}${separator}`,
    ...phrasings`Your {answer|response} {should|must} have {exactly |}two {sections|parts} {with ${separator} between them|separated by ${separator}|and ${separator} between the two}.`,
  ],
  impose: (text, { separator }) => parts(text, 2).join(`\n\n${separator}\n\n`),
  check: (response, { separator }) => {
    const all = lines(response);
    const at = all.indexOf(separator);
    const isOnly = at !== -1 && at === all.lastIndexOf(separator);
    return isOnly && [all.slice(0, at), all.slice(at + 1)].every((part) => countWords(part.join(' ')) > 0);
  },
});
