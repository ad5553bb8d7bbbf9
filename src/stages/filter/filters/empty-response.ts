// A response without a visible character.
import type { Filter } from '../filter.js';

export const emptyResponse: Filter = {
  name: 'empty-response',
  appliesTo: 'pair',
  check: ({ response }) => (response.trim() === '' ? 'empty-response' : undefined),
};
