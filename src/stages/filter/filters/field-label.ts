// A task that runs on into the next field of the list that it was written in.
import type { Filter } from '../filter.js';

const label = /(^|\s)(Instruction|Input|Output|Response|Task \d+):/;

export const fieldLabel: Filter = {
  name: 'field-label',
  appliesTo: 'candidate',
  check: ({ instruction, input }) => (label.test(instruction) || label.test(input) ? 'field-label' : undefined),
};
