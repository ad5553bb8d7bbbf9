// The paper's rule for inputs such as "None": the four letters anywhere in the task of a pair. Also hits "nonetheless" and
// "none of them". Ours is not a filter: parse-tasks.ts reads an input that says "none" as no input.
import type { Filter } from '../filter.js';

export const paperNone: Filter = {
  name: 'paper-none',
  appliesTo: 'pair',
  check: ({ instruction, input }) => (/none/i.test(instruction) || /none/i.test(input) ? 'paper-none' : undefined),
};
