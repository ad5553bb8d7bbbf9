// BoolQ, yes or no about a passage (arXiv 1905.10044): {"question": "…", "answer": false, "passage": "…"}; in SuperGLUE `label`
// (0 or 1) stands for `answer`.
import { z } from 'zod';

import { choicesBehind, multipleChoice, type Question } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const texts = { question: z.string(), passage: z.string() };

function toQuestion(row: { question: string; passage: string }, gold: number): Question {
  return { choices: choicesBehind(`${row.passage}\nQuestion: ${row.question}?\nAnswer:`, ['no', 'yes']), gold };
}

export const boolq = multipleChoice({
  name: 'boolq',
  about: 'yes or no, by a passage',
  metrics: ['acc'],
  forms: [
    rowForm('label', z.object({ ...texts, label: z.int() }), (row) => toQuestion(row, row.label)),
    rowForm('answer', z.object({ ...texts, answer: z.boolean() }), (row) => toQuestion(row, Number(row.answer))),
  ],
});
