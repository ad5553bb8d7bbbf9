// Chinese, Japanese or Korean characters in a response to a task that has none and does not name such a language: some
// models fall into the language that they know best. The paper drops every Chinese character.
import type { Filter } from '../filter.js';

const eastAsian = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const namesLanguage = /\b(chinese|mandarin|cantonese|japanese|korean|kanji|hanzi)\b/i;

export const foreignScript: Filter = {
  name: 'foreign-script',
  appliesTo: 'pair',
  check({ instruction, input, response }) {
    const task = `${instruction}\n${input}`;
    if (eastAsian.test(task) || namesLanguage.test(task)) return undefined;
    return eastAsian.test(response) ? 'foreign-script' : undefined;
  },
};
