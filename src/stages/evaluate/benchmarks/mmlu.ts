// MMLU, tests of 57 subjects, and whatever has its form (arXiv 2009.03300): CSV rows without a head, question,A,B,C,D,answer, a file a
// subject (`anatomy_test.csv`); or {"question": "…", "subject": "anatomy", "choices": ["…"], "answer": 1}. The choices stand in
// the prompt, and their letters are scored.
import path from 'node:path';
import { z } from 'zod';

import { readCsv } from '../../../shared/csv.js';
import { lettered, placeOfLetter } from '../lettered-choices.js';
import { multipleChoice, type Question } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const answer = z.union([z.int(), z.string().transform(placeOfLetter)], 'must be a number or a letter');
const rows = rowForm(
  'question',
  z.object({ question: z.string(), subject: z.string().optional(), choices: z.array(z.string()), answer }),
  ({ question, subject, choices, answer: gold }) => toQuestion(question, choices, gold, subject),
);

function toQuestion(question: string, choices: readonly string[], gold: number, subject?: string): Question {
  return { choices: lettered(question.trim(), choices), gold, ...(subject !== undefined && { subject }) };
}

function readCsvQuestions(file: string): (Question & { id: string })[] {
  const subject = path.basename(file, '.csv').replace(/_(dev|val|test)$/, '');
  const read = readCsv(file, (fields) => {
    const [question = '', ...rest] = fields;
    const gold = placeOfLetter(rest.pop() ?? '');
    if (rest.length < 2)
      return `must have a question, two choices at least, and a letter; it has ${fields.length} fields`;
    if (gold === -1 || gold >= rest.length) return `the right answer is none of the ${rest.length} choices`;
    return toQuestion(question, rest, gold, subject);
  });
  return read.map((question, i) => ({ ...question, id: String(i) }));
}

export const mmlu = multipleChoice({
  name: 'mmlu',
  about: 'multiple choice in the form of MMLU',
  metrics: ['acc'],
  forms: [rows],
  otherFiles: { ending: '.csv', read: readCsvQuestions },
  heading: (subject) => {
    const about = subject === '' ? '' : ` about ${subject.replaceAll('_', ' ')}`;
    return `The following are multiple choice questions (with answers)${about}.\n\n`;
  },
});
