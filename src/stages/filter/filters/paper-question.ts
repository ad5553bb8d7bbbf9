// The paper's rule for responses that go on with a question: a blank line, then "?" in the same line behind at most 100
// characters. Also hits a friendly last line; continued-task.ts wants more text behind the question.
import type { Filter } from '../filter.js';

export const paperQuestion: Filter = {
  name: 'paper-question',
  appliesTo: 'pair',
  check: ({ response }) => (/\n\n[^\n]{0,100}\?/.test(response) ? 'paper-question' : undefined),
};
