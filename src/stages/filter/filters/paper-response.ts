// The paper's patterns for responses, as they are. Broad: an option letter is also "e.g.", "i.e." or "plan B.". Not among
// the defaults.
import type { Filter } from '../filter.js';

const dropped: readonly RegExp[] = [
  /\n(assistant|system|human|question|output|user)(:|\n)/i,
  /answer choices:|noinput|no input|\ncan you|do you ./i,
  /\n\n[^\n]{0,100}\?/,
  /(?<![a-z])[a-e]\.|\([a-e]\)/i,
  /\p{Script=Han}/u,
];

export const paperResponse: Filter = {
  name: 'paper-response',
  appliesTo: 'pair',
  check: ({ response }) => (dropped.some((pattern) => pattern.test(response)) ? 'paper-response' : undefined),
};
