// PIQA, everyday physics (arXiv 1911.11641): {"goal": "…", "sol1": "…", "sol2": "…", "label": 0}. The official files have the
// labels apart, a line each.
import { z } from 'zod';

import { choicesBehind, multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const rows = rowForm(
  'goal',
  z.object({ goal: z.string(), sol1: z.string(), sol2: z.string(), label: z.int().optional() }),
  ({ goal, sol1, sol2, label }) => ({
    choices: choicesBehind(`Question: ${goal}\nAnswer:`, [sol1, sol2]),
    gold: label,
  }),
);

export const piqa = multipleChoice({
  name: 'piqa',
  about: 'which of two ways reaches an everyday goal',
  metrics: ['acc', 'acc_norm', 'acc_bytes'],
  forms: [rows],
  queryEnd: '\nAnswer:',
  labels: (line) => (/^[01]$/.test(line) ? Number(line) : undefined),
});
