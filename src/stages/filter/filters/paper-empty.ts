// The paper's rule for empty responses: without any character. empty-response.ts takes white space for empty as well; in a
// run the two are the same, since responses have no white space around.
import type { Filter } from '../filter.js';

export const paperEmpty: Filter = {
  name: 'paper-empty',
  appliesTo: 'pair',
  check: ({ response }) => (response === '' ? 'paper-empty' : undefined),
};
