// ARC, science questions of school tests (arXiv 1803.05457): {"id": "…", "question": "…", "choices": {"text": ["…"], "label":
// ["A", …]}, "answerKey": "A"}. Labels are A to E or 1 to 5; there are three to five choices.
import { z } from 'zod';

import { choicesBehind, multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const choices = z.object({ text: z.array(z.string()), label: z.array(z.string()) });
const rows = rowForm(
  'question',
  z.object({ id: z.string().optional(), question: z.string(), choices, answerKey: z.string() }),
  ({ id, question, choices: { text, label }, answerKey }) => ({
    ...(id !== undefined && { id }),
    choices: choicesBehind(`Question: ${question}\nAnswer:`, text),
    gold: label.indexOf(answerKey),
  }),
);
const format = { metrics: ['acc_norm', 'acc', 'acc_bytes'], forms: [rows], queryEnd: '\nAnswer:' } as const;

export const arcEasy = multipleChoice({
  ...format,
  ...{
    name: 'arc-easy',
    about: 'science questions that simple methods answer',
    metrics: ['acc', 'acc_norm', 'acc_bytes'],
  },
});

export const arcChallenge = multipleChoice({
  ...{ ...format, name: 'arc-challenge', about: 'science questions that retrieval and word statistics get wrong' },
});
