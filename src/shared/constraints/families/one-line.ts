import { z } from 'zod';

import { defineFamily } from '../family.js';

export const oneLine = defineFamily({
  name: 'one-line',
  group: 'layout',
  overlaps: null,
  conflicts: ['title-line'],
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    'Put everything on a single line.',
    'Use no line breaks at all.',
    'Your answer should fit on one line, without any line break.',
  ],
  impose: (text) => text.replace(/\s*\n\s*/gu, ' '),
  check: (response) => !response.includes('\n'),
});
