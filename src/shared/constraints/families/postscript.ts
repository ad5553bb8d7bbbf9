import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { sentences } from '../text.js';

/** At the beginning of a line that is not the first. */
const postscriptLine = /\n\s*p\.\s?s\.:?\s+\S/iu;

export const postscript = defineFamily({
  name: 'postscript',
  group: 'closing',
  overlaps: 'IFEval detectable_content:postscript',
  conflicts: ['json-object', 'sentence-count', 'paragraph-count', 'one-line'],
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`{Add|Append|Put} a postscript that {starts|begins} with {"P.S."|"P.S." at the end,} on a line of its own.`,
    ...phrasings`{Below it|At the end|Last of all}, {write|add} a {P.S.|postscript (P.S.)} {as in a letter|with one more thought}.`,
    ...phrasings`It {must|should} have a postscript {("P.S. …")|marked P.S.|that begins with P.S.}.`,
    ...phrasings`{After|Under} your {answer|response}, {please |}add a {postscript|note} {starting|that starts} with P.S.`,
  ],
  /** The last sentence becomes it. */
  impose: (text) => {
    const last = sentences(text).at(-1) ?? '';
    if (last === text || !text.endsWith(last)) return text;
    return `${text.slice(0, -last.length).trimEnd()}\n\nP.S. ${last}`;
  },
  check: (response) => postscriptLine.test(response),
});
