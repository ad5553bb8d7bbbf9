// "Summarize the following article." without an article: nobody can answer that, and a small model makes one up. Text that
// the instruction itself holds, after a colon or in quotation marks, is an input as well; and "a given text" is any text.
import type { Filter } from '../filter.js';

const nouns =
  'text|paragraph|passage|sentence|article|story|poem|essay|code|function|list|table|data|statement|dialogue|' +
  'conversation|email|letter|review|word|number|equation|expression|recipe|document|excerpt|input|tweet|comment';
const pointsAtInput = new RegExp(
  `(?<!\\b(?:a|an|any) )\\b(following|given|provided|below)\\s+(?!an? )(\\w+\\s+){0,2}(${nouns})s?\\b|\\b(${nouns})s? below\\b`,
  'i',
);
const holdsText = /:\s*\S|["“‘`]|\n/;

export const missingInput: Filter = {
  name: 'missing-input',
  appliesTo: 'candidate',
  check({ instruction, input }) {
    if (input.trim() !== '') return undefined;
    const pointsNowhere = pointsAtInput.test(instruction) && !holdsText.test(instruction);
    return pointsNowhere || /:\s*$/.test(instruction) ? 'missing-input' : undefined;
  },
};
