// The paper's rule for left-over markers in candidates: the two fields are searched for different ones. placeholder.ts wants
// whole words, and both in either field.
import type { Filter } from '../filter.js';

export const paperNoInput: Filter = {
  name: 'paper-no-input',
  appliesTo: 'candidate',
  check: ({ instruction, input }) =>
    /no ?input/i.test(input) || /noinput/i.test(instruction) ? 'paper-no-input' : undefined,
};
