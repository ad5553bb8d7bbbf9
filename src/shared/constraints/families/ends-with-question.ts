import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const endsWithQuestion = defineFamily({
  name: 'ends-with-question',
  group: 'closing',
  overlaps: null,
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`Let the last sentence be a question {to the reader|}.`,
    ...phrasings`{Close|End|Finish} by asking the reader something.`,
    ...phrasings`{End|Finish} on a question mark.`,
    ...phrasings`The last sentence {should|must} be a question.`,
  ],
  check: (response) => /\?["'”’)]*$/u.test(response),
});
