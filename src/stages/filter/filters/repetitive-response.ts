// A response that goes round in circles: fewer than half of its word quadruples are different. Small models do that.
import type { Filter } from '../filter.js';
import { wordRuns, words } from '../../../shared/words.js';

const fewestWords = 24;
const smallestShareOfDifferent = 0.5;

export const repetitiveResponse: Filter = {
  name: 'repetitive-response',
  appliesTo: 'pair',
  check({ response }) {
    const all = words(response);
    if (all.length < fewestWords) return undefined;
    const different = wordRuns(all, 4).size / (all.length - 3);
    return different < smallestShareOfDifferent ? 'repetitive-response' : undefined;
  },
};
