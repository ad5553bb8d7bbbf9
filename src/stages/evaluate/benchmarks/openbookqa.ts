// OpenBookQA, elementary science (arXiv 1809.02789), without its book: {"id": "…", "question_stem": "…", "choices": {"text": ["…"],
// "label": ["A", …]}, "answerKey": "A"}. The official file has them as {"question": {"stem": "…", "choices": [{"text": "…",
// "label": "A"}, …]}}.
import { z } from 'zod';

import { choicesBehind, multipleChoice, type Question } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

function toQuestion(id: string, stem: string, texts: readonly string[], gold: number): Question {
  return { id, choices: choicesBehind(stem, texts), gold };
}

const choice = z.object({ text: z.string(), label: z.string() });
const official = rowForm(
  'question',
  z.object({
    id: z.string(),
    question: z.object({ stem: z.string(), choices: z.array(choice) }),
    answerKey: z.string(),
  }),
  ({ id, question: { stem, choices }, answerKey }) => {
    const texts = choices.map(({ text }) => text);
    return toQuestion(
      id,
      stem,
      texts,
      indexOfKey(
        choices.map(({ label }) => label),
        answerKey,
      ),
    );
  },
);

const choices = z.object({ text: z.array(z.string()), label: z.array(z.string()) });
const ofHub = rowForm(
  'question_stem',
  z.object({ id: z.string(), question_stem: z.string(), choices, answerKey: z.string() }),
  (row) => toQuestion(row.id, row.question_stem, row.choices.text, indexOfKey(row.choices.label, row.answerKey)),
);

function indexOfKey(labels: readonly string[], key: string): number {
  return labels.indexOf(key.trim());
}

export const openbookqa = multipleChoice({
  name: 'openbookqa',
  about: 'elementary science',
  metrics: ['acc_norm', 'acc', 'acc_bytes'],
  forms: [official, ofHub],
});
