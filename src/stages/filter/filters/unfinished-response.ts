// A response that was cut at its length would teach the model not to end. Not judged where the reason is unknown.
import type { Filter } from '../filter.js';

export const unfinishedResponse: Filter = {
  name: 'unfinished-response',
  appliesTo: 'pair',
  check: ({ stop }) => (stop === 'length' ? 'unfinished-response' : undefined),
};
