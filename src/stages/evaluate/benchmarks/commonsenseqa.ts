// CommonsenseQA (arXiv 1811.00937): {"id": "…", "question": "…", "choices": {"text": ["…"], "label": ["A", …]}, "answerKey": "A"}. The
// choices stand in the prompt, and their letters are scored.
import { z } from 'zod';

import { lettered } from '../lettered-choices.js';
import { multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const choices = z.object({ text: z.array(z.string()), label: z.array(z.string()) });
const rows = rowForm(
  'question',
  z.object({ id: z.string(), question: z.string(), choices, answerKey: z.string() }),
  ({ id, question, choices: { text, label }, answerKey }) => ({
    id,
    choices: lettered(`Question: ${question.trim()}`, text),
    gold: label.indexOf(answerKey),
  }),
);

export const commonsenseqa = multipleChoice({
  name: 'commonsenseqa',
  about: 'what people know of everyday things',
  metrics: ['acc'],
  forms: [rows],
});
