import { z } from 'zod';

import { defineFamily } from '../family.js';

export const endsWithQuestion = defineFamily({
  name: 'ends-with-question',
  group: 'closing',
  overlaps: null,
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    'Let the last sentence be a question to the reader.',
    'Close by asking the reader something.',
    'End on a question mark.',
  ],
  check: (response) => /\?["'”’)]*$/u.test(response),
});
