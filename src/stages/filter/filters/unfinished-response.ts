// A response that was cut off would teach the model not to end. Not judged where the reason is unknown.
import { isCutOff } from '../../../shared/stop-reason.js';
import type { Filter } from '../filter.js';

export const unfinishedResponse: Filter = {
  name: 'unfinished-response',
  appliesTo: 'pair',
  check: ({ stop }) => (isCutOff(stop) ? 'unfinished-response' : undefined),
};
