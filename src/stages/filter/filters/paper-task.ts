// The paper's rule for the task side of a pair, as it is. Broad: "none" also drops "nonetheless". Not among the defaults.
import type { Filter } from '../filter.js';

const dropped = /noinput|no input|none|<[^<>]{1,20}>/i;

export const paperTask: Filter = {
  name: 'paper-task',
  appliesTo: 'pair',
  check: ({ instruction, input }) => (dropped.test(instruction) || dropped.test(input) ? 'paper-task' : undefined),
};
