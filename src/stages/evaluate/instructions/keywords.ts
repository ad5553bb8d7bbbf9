// Words and letters that a response has or has not.
import { z } from 'zod';

import { compare, count, instruction, relation } from './instruction.js';
import { countMatches, literalOfAnyCase, py, strip } from './python-text.js';

const words = z.array(z.string().min(1)).min(1);

/** Anywhere, within other words, too. */
export const existence = instruction(z.object({ keywords: words }), (text, { keywords }) =>
  keywords.every((keyword) => new RegExp(literalOfAnyCase(keyword), 'iu').test(text)),
);

/** Anywhere, within other words, too. */
export const frequency = instruction(
  z.object({ keyword: z.string().min(1), frequency: count, relation }),
  (text, kwargs) => {
    const keyword = new RegExp(literalOfAnyCase(strip(kwargs.keyword)), 'giu');
    return compare(countMatches(text, keyword), kwargs.relation, kwargs.frequency);
  },
);

/** Whole words only. */
export const forbiddenWords = instruction(z.object({ forbidden_words: words }), (text, { forbidden_words }) =>
  forbidden_words.every(
    (word) => !new RegExp(`${py.boundary}${literalOfAnyCase(word)}${py.boundary}`, 'iu').test(text),
  ),
);

/** The official program as of 2023 takes a letter at random for a sign that is none; here, as in its later versions, the
 *  sign itself is counted. */
export const letterFrequency = instruction(
  z.object({
    letter: z.string().refine((letter) => Array.from(letter).length === 1, 'must be one character'),
    let_frequency: count,
    let_relation: relation,
  }),
  (text, { letter, let_frequency, let_relation }) => {
    const wanted = letter.toLowerCase();
    const letters = Array.from(text.toLowerCase()).filter((character) => character === wanted);
    return compare(letters.length, let_relation, let_frequency);
  },
);
