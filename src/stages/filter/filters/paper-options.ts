// The paper's rule for answer options: a letter A to E that stands alone before a full stop, or in round brackets. Also hits
// "e.g.", "i.e.", "plan B." and "vitamin C."; answer-options.ts wants two options at the start of lines.
import type { Filter } from '../filter.js';

const option = /(?<![\p{L}\p{N}_])[a-e]\.|\([a-e]\)/iu;

export const paperOptions: Filter = {
  name: 'paper-options',
  appliesTo: 'pair',
  check: ({ response }) => (option.test(response) ? 'paper-options' : undefined),
};
