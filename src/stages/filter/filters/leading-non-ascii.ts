// The paper's guard against instructions in another script.
import type { Filter } from '../filter.js';

export const leadingNonAscii: Filter = {
  name: 'leading-non-ascii',
  appliesTo: 'candidate',
  check: ({ instruction }) => ((instruction.codePointAt(0) ?? 0) > 127 ? 'starts-with-non-ascii' : undefined),
};
