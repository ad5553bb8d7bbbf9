// The paper's words for tasks about media, as they are: without the plurals that media.ts adds. Words end where letters,
// digits and "_" of any script do, as in the Python of the paper's code (arXiv 2408.08072).
import type { Filter } from '../filter.js';

const mediaWords =
  /(?<![\p{L}\p{N}_])(images?|graphs?|pictures?|files?|maps?|draw|plot|go to|video|audio|music|flowchart|diagram)(?![\p{L}\p{N}_])/iu;

export const paperMedia: Filter = {
  name: 'paper-media',
  appliesTo: 'candidate',
  check: ({ instruction, input }) =>
    mediaWords.test(instruction) || mediaWords.test(input) ? 'paper-media' : undefined,
};
