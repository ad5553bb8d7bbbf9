// A task that runs on into the next field of the list that it was written in.
import type { Filter } from '../filter.js';

const inInstruction = /\s(Instruction|Input|Output|Response|Task \d+):/;
const inInput = /(^|\s)(Instruction|Input|Output|Response|Task \d+):/;

export const fieldLabel: Filter = {
  name: 'field-label',
  appliesTo: 'candidate',
  check: ({ instruction, input }) =>
    inInstruction.test(instruction) || inInput.test(input) ? 'field-label' : undefined,
};
