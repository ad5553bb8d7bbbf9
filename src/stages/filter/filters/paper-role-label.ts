// The paper's rule for responses that go on with another turn: it knows more labels than role-label.ts and no blanks
// around them. A line "Output" or "Question:" in an ordinary answer is hit too.
import type { Filter } from '../filter.js';

const anotherTurn = /\n(assistant|system|human|question|output|user)[:\n]/i;

export const paperRoleLabel: Filter = {
  name: 'paper-role-label',
  appliesTo: 'pair',
  check: ({ response }) => (anotherTurn.test(response) ? 'paper-role-label' : undefined),
};
