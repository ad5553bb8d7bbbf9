// Tasks about what a model that reads and writes text cannot see, hear or open. The words are the paper's, plurals added.
import type { Filter } from '../filter.js';

const mediaWords =
  /\b(images?|graphs?|pictures?|files?|maps?|draw|plot|go to|videos?|audio|music|flowcharts?|diagrams?)\b/i;

export const media: Filter = {
  name: 'media',
  appliesTo: 'candidate',
  check: ({ instruction, input }) =>
    mediaWords.test(instruction) || mediaWords.test(input) ? 'needs-media' : undefined,
};
