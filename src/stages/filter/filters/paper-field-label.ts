// The paper's rule for tasks that run on into another field: any character of the line, white space, a label. So a label
// that begins the field passes, and an instruction may hold "Output:"; field-label.ts takes these too.
import type { Filter } from '../filter.js';

const labelInInstruction = /(?<=.\s+)(Instruction|Input):/;
const labelInInput = /(?<=.\s+)(Instruction|Input|Output):/;

export const paperFieldLabel: Filter = {
  name: 'paper-field-label',
  appliesTo: 'candidate',
  check: ({ instruction, input }) =>
    labelInInstruction.test(instruction) || labelInInput.test(input) ? 'paper-field-label' : undefined,
};
