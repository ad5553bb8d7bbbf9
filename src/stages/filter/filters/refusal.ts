// A response that declines, or speaks of itself as a model: a small model says so of tasks that it could try.
import type { Filter } from '../filter.js';

const declines =
  /^\W*(I'm|I am) (sorry|afraid|unable|not able)\b|^\W*I (can't|cannot|can not) (help|assist|provide|answer|do|fulfil|comply)|\bas an? (AI|language model)\b|\bI('m| am) (just |only )?an? (AI|language model|artificial intelligence)\b/i;
const opening = 160;

export const refusal: Filter = {
  name: 'refusal',
  appliesTo: 'pair',
  check: ({ response }) => (declines.test(response.slice(0, opening)) ? 'refusal' : undefined),
};
