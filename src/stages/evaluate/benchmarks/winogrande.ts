// WinoGrande, whom a pronoun means (arXiv 1907.10641): {"qID": "…", "sentence": "… _ …", "option1": "…", "option2": "…", "answer":
// "2"}. What stands behind the gap is scored behind the sentence up to each option (partial evaluation, arXiv 1806.02847).
import { z } from 'zod';

import { multipleChoice } from '../multiple-choice.js';
import { rowForm } from '../read-item-rows.js';

const rows = rowForm(
  'sentence',
  z.object({
    ...{ qID: z.string().optional(), option1: z.string(), option2: z.string() },
    sentence: z.string().refine((text) => text.includes('_'), 'must have a gap, written _'),
    answer: z.enum(['1', '2'], 'must be "1" or "2"'),
  }),
  ({ qID, sentence, option1, option2, answer }) => {
    const gap = sentence.indexOf('_');
    const text = sentence.slice(gap + 1).trim();
    const choices = [option1, option2].map((option) => ({ context: sentence.slice(0, gap) + option, text }));
    return { ...(qID !== undefined && { id: qID }), choices, gold: Number(answer) - 1 };
  },
);

export const winogrande = multipleChoice({
  name: 'winogrande',
  about: 'which of two names fits a gap',
  metrics: ['acc'],
  forms: [rows],
});
