// The paper's rule for inputs that the instruction holds already: on pairs, and letter for letter. repeated-input.ts looks at
// candidates, before a response is paid for, and leaves out white space around the input.
import type { Filter } from '../filter.js';

export const paperRepeatedInput: Filter = {
  name: 'paper-repeated-input',
  appliesTo: 'pair',
  check: ({ instruction, input }) =>
    input.trim() !== '' && instruction.includes(input) ? 'paper-repeated-input' : undefined,
};
