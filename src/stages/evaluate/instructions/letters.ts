// The language of a response, and whether it is in capitals.
import { z } from 'zod';

import { type Chance, compare, count, instruction, nothing, relation } from './instruction.js';
import { languageChance } from './language.js';
import { languageProfiles } from './language-profiles.js';
import { isLower, isUpper } from './python-text.js';
import { wordTokens } from './word-tokens.js';

/** A text without letters counts as following: nobody can tell. */
const isIn = (text: string, code: string): Chance => languageChance(text, code) ?? true;

const language = z
  .string()
  .refine((code) => languageProfiles().languages.includes(code), 'is no language that can be told, such as "de"');

export const responseLanguage = instruction(z.object({ language }), (text, kwargs) => isIn(text, kwargs.language));

export const englishCapital = instruction(nothing, (text) => isUpper(text) && isIn(text, 'en'));

export const englishLowercase = instruction(nothing, (text) => isLower(text) && isIn(text, 'en'));

export const capitalWordFrequency = instruction(
  z.object({ capital_frequency: count, capital_relation: relation }),
  (text, { capital_frequency, capital_relation }) =>
    compare(wordTokens(text).filter(isUpper).length, capital_relation, capital_frequency),
);
