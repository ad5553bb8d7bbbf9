import { expect, test } from 'vitest';

import { withoutAnswerLabel } from '../../../../src/stages/respond/answer-label.js';

test.each([
  ['答案: Kiwis.', 'Kiwis.'],
  ['答案：Kiwis.', 'Kiwis.'],
  ['答案:答案： \n答案:\n\nKiwis.', 'Kiwis.'],
  ['答案:', ''],
  ['答案 is Chinese for answer.', '答案 is Chinese for answer.'],
  ['The word 答案: is Chinese.', 'The word 答案: is Chinese.'],
  ['Answer: Kiwis.', 'Answer: Kiwis.'],
  ['', ''],
])('of %j is left %j', (response, expected) => {
  expect(withoutAnswerLabel(response)).toBe(expected);
});
