// The paper's rule for web addresses: in lower case, with their scheme. url.ts also finds "www.".
import type { Filter } from '../filter.js';

const webAddress = /https?:/;

export const paperUrl: Filter = {
  name: 'paper-url',
  appliesTo: 'candidate',
  check: ({ instruction, input }) => (webAddress.test(instruction) || webAddress.test(input) ? 'paper-url' : undefined),
};
