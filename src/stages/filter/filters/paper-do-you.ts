// The paper's rule for responses that ask something: "do you " anywhere, with at least one character behind it. Also hits
// an ordinary sentence such as "Why do you ask?".
import type { Filter } from '../filter.js';

export const paperDoYou: Filter = {
  name: 'paper-do-you',
  appliesTo: 'pair',
  check: ({ response }) => (/do you ./i.test(response) ? 'paper-do-you' : undefined),
};
