// A response that begins by being glad to help. Trained on, such openings come before everything else, forms included.
import type { Filter } from '../filter.js';

const gladToHelp =
  /\b(happy|glad|pleased|delighted) to\b|\bhere to (help|assist)\b|\bI'?m (glad|happy|pleased|delighted) you\b/i;
/** Characters within which it is the opening, and not what the response is about. */
const opening = 160;

export const courtesy: Filter = {
  name: 'courtesy',
  appliesTo: 'pair',
  check({ instruction, input, response }) {
    const isOpening = gladToHelp.test(response.slice(0, opening));
    return isOpening && !gladToHelp.test(`${instruction} ${input}`) ? 'courtesy' : undefined;
  },
};
