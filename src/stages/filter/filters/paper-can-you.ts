// The paper's rule for responses that ask back or go on with a request. Also hits a letter's "Can you come?".
import type { Filter } from '../filter.js';

export const paperCanYou: Filter = {
  name: 'paper-can-you',
  appliesTo: 'pair',
  check: ({ response }) => (/\ncan you/i.test(response) ? 'paper-can-you' : undefined),
};
