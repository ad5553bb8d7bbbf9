// Social IQa, why people do what they do (arXiv 1904.09728): {"context": "…", "question": "…", "answerA": "…", "answerB": "…", "answerC":
// "…", "label": "1"}. The official files have the labels apart, a line each.
import { z } from 'zod';

import { choicesBehind, multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const texts = {
  context: z.string(),
  question: z.string(),
  answerA: z.string(),
  answerB: z.string(),
  answerC: z.string(),
};
const rows = rowForm(
  'context',
  z.object({ ...texts, label: z.enum(['1', '2', '3'], 'must be "1", "2" or "3"').optional() }),
  ({ context, question, answerA, answerB, answerC, label }) => ({
    choices: choicesBehind(`Q: ${context} ${question}\nA:`, [answerA, answerB, answerC]),
    gold: label === undefined ? undefined : Number(label) - 1,
  }),
);

export const siqa = multipleChoice({
  name: 'siqa',
  about: 'how people feel and act in a situation',
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  forms: [rows],
  labels: (line) => (/^[123]$/.test(line) ? Number(line) - 1 : undefined),
});
