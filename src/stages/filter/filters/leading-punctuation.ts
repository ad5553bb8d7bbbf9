// An instruction that starts with a punctuation mark is the rest of something else. An opening quotation mark or bracket
// is ASCII punctuation too, as in the paper.
import type { Filter } from '../filter.js';

export const leadingPunctuation: Filter = {
  name: 'leading-punctuation',
  appliesTo: 'candidate',
  check: ({ instruction }) => (/^[!-/:-@[-`{-~]/.test(instruction) ? 'starts-with-punctuation' : undefined),
};
