import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const oneLine = defineFamily({
  name: 'one-line',
  group: 'layout',
  overlaps: null,
  conflicts: ['title-line'],
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`Put everything on {a single|one} line.`,
    ...phrasings`Use no line breaks {at all|anywhere}.`,
    ...phrasings`Your {answer|response} should fit on one line, without any line break.`,
  ],
  impose: (text) => text.replace(/\s*\n\s*/gu, ' '),
  check: (response) => !response.includes('\n'),
});
