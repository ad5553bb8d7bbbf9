// HellaSwag, how a scene goes on (arXiv 1905.07830): {"ind": 24, "activity_label": "…", "ctx_a": "…", "ctx_b": "…", "endings":
// ["…"], "label": "3"}. Half of it is of WikiHow, with markup in brackets, which lm-evaluation-harness removes.
import { z } from 'zod';

import { choicesBehind, multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const rows = rowForm(
  'ctx_a',
  z.object({
    ...{ ind: z.int(), activity_label: z.string(), ctx_a: z.string(), ctx_b: z.string() },
    endings: z.array(z.string()),
    label: z.union([z.int(), z.string().regex(/^\d$/).transform(Number)], 'must be the number of an ending'),
  }),
  (row) => {
    const scene = withoutMarkup(`${row.activity_label}: ${row.ctx_a} ${capitalized(row.ctx_b)}`);
    return { id: String(row.ind), choices: choicesBehind(scene, row.endings.map(withoutMarkup)), gold: row.label };
  },
);

export const hellaswag = multipleChoice({
  name: 'hellaswag',
  about: 'which of four endings a scene has',
  metrics: ['acc_norm', 'acc', 'acc_bytes'],
  forms: [rows],
});

/** The first letter large, all others small, as Python's capitalize does. */
function capitalized(text: string): string {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('').toLowerCase();
}

function withoutMarkup(text: string): string {
  return text
    .trim()
    .replaceAll(' [title]', '. ')
    .replaceAll(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ');
}
