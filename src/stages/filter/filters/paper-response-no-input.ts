// The paper's rule for markers of a missing input in a response. Also hits "there is no input validation".
import type { Filter } from '../filter.js';

export const paperResponseNoInput: Filter = {
  name: 'paper-response-no-input',
  appliesTo: 'pair',
  check: ({ response }) => (/no ?input/i.test(response) ? 'paper-response-no-input' : undefined),
};
