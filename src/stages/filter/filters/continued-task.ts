// A response that goes on with another task or question, as base models do. Narrower than the paper's rule, which drops
// every "do you" and every question after a blank line: a question counts where more text follows it, and not where the
// task asks for questions.
import type { Filter } from '../filter.js';

const nextTask =
  /\n[^\S\n]*(#*[^\S\n]*(instruction|task|question|input|output)( ?\d+)?[^\S\n]*:|can you\b|do you\b)|answer choices:|\bno ?input\b/i;
const questionThenText = /\n[^\S\n]*\n[^\n?]{1,100}\?[^\S\n]*\n\s*\S/;
const asksForQuestions = /\b(question|quiz|interview|dialogue|conversation|riddle|poem|story|survey|faq)s?\b/i;

export const continuedTask: Filter = {
  name: 'continued-task',
  appliesTo: 'pair',
  check({ instruction, input, response }) {
    if (asksForQuestions.test(`${instruction}\n${input}`)) return undefined;
    return nextTask.test(response) || questionThenText.test(response) ? 'continued-task' : undefined;
  },
};
