// Four to 150 words, as the paper: shorter ones are fragments, longer ones ramble.
import type { Filter } from '../filter.js';

const fewestWords = 4;
const mostWords = 150;

export const instructionLength: Filter = {
  name: 'instruction-length',
  appliesTo: 'candidate',
  check({ instruction }) {
    const words = instruction.split(/\s+/).filter((word) => word !== '').length;
    if (words < fewestWords) return 'too-short';
    return words > mostWords ? 'too-long' : undefined;
  },
};
