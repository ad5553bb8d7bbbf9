// A model that reads text cannot open a web address, and one that it wrote leads nowhere.
import type { Filter } from '../filter.js';

const webAddress = /\bhttps?:|\bwww\.[a-z0-9]/i;

export const url: Filter = {
  name: 'url',
  appliesTo: 'candidate',
  check: ({ instruction, input }) => (webAddress.test(instruction) || webAddress.test(input) ? 'url' : undefined),
};
