// A response that lists answer options goes on with the question instead of answering it. Narrower than the paper's rule,
// which also hits "e.g.", "i.e." and "plan B.": two different options at the start of lines, and not where the task asks.
import type { Filter } from '../filter.js';

const optionLine = /^\s*\(?([A-Ea-e])[.)]\s/gm;
const asksForOptions = /\b(multiple[- ]choice|options?|quiz|choices|outline)\b/i;

export const answerOptions: Filter = {
  name: 'answer-options',
  appliesTo: 'pair',
  check({ instruction, input, response }) {
    const letters = new Set(Array.from(response.matchAll(optionLine), (match) => match[1]));
    return letters.size >= 2 && !asksForOptions.test(`${instruction}\n${input}`) ? 'answer-options' : undefined;
  },
};
