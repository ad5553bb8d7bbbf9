// The paper's rule for responses that go on with a multiple-choice question; part of continued-task.ts, which lets it pass
// where the task asks for questions.
import type { Filter } from '../filter.js';

export const paperAnswerChoices: Filter = {
  name: 'paper-answer-choices',
  appliesTo: 'pair',
  check: ({ response }) => (/answer choices:/i.test(response) ? 'paper-answer-choices' : undefined),
};
