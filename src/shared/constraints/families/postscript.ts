import { z } from 'zod';

import { defineFamily } from '../family.js';
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
    'Add a postscript that starts with "P.S." on a line of its own.',
    'Below it, write a P.S. as in a letter.',
    'It must have a postscript ("P.S. …").',
    'At the end of your response, please add a postscript starting with P.S.',
  ],
  /** The last sentence becomes it. */
  impose: (text) => {
    const last = sentences(text).at(-1) ?? '';
    if (last === text || !text.endsWith(last)) return text;
    return `${text.slice(0, -last.length).trimEnd()}\n\nP.S. ${last}`;
  },
  check: (response) => postscriptLine.test(response),
});
