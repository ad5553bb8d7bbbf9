// A response that goes on with another speaker's turn.
import type { Filter } from '../filter.js';

const anotherTurn = /\n[^\S\n]*(assistant|system|human|user)[^\S\n]*(:|\n)/i;

export const roleLabel: Filter = {
  name: 'role-label',
  appliesTo: 'pair',
  check: ({ response }) => (anotherTurn.test(response) ? 'role-label' : undefined),
};
