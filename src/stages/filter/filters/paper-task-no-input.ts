// The paper's second rule for left-over markers, on the task of a pair: both in either field, unlike paper-no-input.ts. Also
// hits "the program takes no input".
import type { Filter } from '../filter.js';

const marker = /no ?input/i;

export const paperTaskNoInput: Filter = {
  name: 'paper-task-no-input',
  appliesTo: 'pair',
  check: ({ instruction, input }) =>
    marker.test(instruction) || marker.test(input) ? 'paper-task-no-input' : undefined,
};
