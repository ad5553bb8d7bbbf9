// The paper's rule for tags in the task of a pair. The same tag as placeholder.ts's, which looks at candidates already.
import type { Filter } from '../filter.js';

const angleTag = /<[^<>]{1,20}>/;

export const paperAngleTag: Filter = {
  name: 'paper-angle-tag',
  appliesTo: 'pair',
  check: ({ instruction, input }) =>
    angleTag.test(instruction) || angleTag.test(input) ? 'paper-angle-tag' : undefined,
};
