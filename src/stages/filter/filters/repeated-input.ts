// An input that stands in the instruction already says nothing.
import type { Filter } from '../filter.js';

export const repeatedInput: Filter = {
  name: 'repeated-input',
  appliesTo: 'candidate',
  check: ({ instruction, input }) =>
    input.trim() !== '' && instruction.includes(input.trim()) ? 'repeated-input' : undefined,
};
