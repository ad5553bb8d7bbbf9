// Questions of general knowledge, ours, for a guard against forgetting: {"id", "question", "choices": [four], "answer": place}.
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import type { Benchmark } from '../benchmark.js';
import { type ChoiceItem, type ChoiceScores, choicesBehind, multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

/** In a package, too, the file lies in src. */
const ownQuestions = fileURLToPath(
  new URL('../../../../src/stages/evaluate/benchmarks/knowledge.jsonl', import.meta.url),
);

const format = multipleChoice({
  name: 'knowledge',
  about: 'general knowledge: the questions that come with isheep, or yours',
  metrics: ['acc', 'acc_norm'],
  forms: [
    rowForm(
      'question',
      z.object({ id: z.string().optional(), question: z.string(), choices: z.array(z.string()), answer: z.int() }),
      ({ id, question, choices, answer }) => ({
        ...(id !== undefined && { id }),
        ...{ choices: choicesBehind(`Question: ${question}\nAnswer:`, choices), gold: answer },
      }),
    ),
  ],
});

export const knowledge: Benchmark<ChoiceItem, ChoiceScores> = {
  ...format,
  needs: { files: [], optionalFiles: ['data', 'examples'] },
  readItems: ({ data = ownQuestions, ...files }, settings) => format.readItems({ data, ...files }, settings),
};
