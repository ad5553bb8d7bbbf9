// All families, by group.
import type { ConstraintFamily } from '../family.js';
import { avoidsWords } from './avoids-words.js';
import { boldPhrases } from './bold-phrases.js';
import { bulletList } from './bullet-list.js';
import { containsWords } from './contains-words.js';
import { endsWith } from './ends-with.js';
import { endsWithQuestion } from './ends-with-question.js';
import { headings } from './headings.js';
import { inQuotes } from './in-quotes.js';
import { jsonObject } from './json-object.js';
import { bracketedTitle } from './bracketed-title.js';
import { capitalWords } from './capital-words.js';
import { numberedSections } from './numbered-sections.js';
import { requestFirst } from './request-first.js';
import { lowerCase } from './lower-case.js';
import { markdownTable } from './markdown-table.js';
import { noCommas } from './no-commas.js';
import { noDigits } from './no-digits.js';
import { numberedList } from './numbered-list.js';
import { oneLine } from './one-line.js';
import { paragraphCount } from './paragraph-count.js';
import { placeholders } from './placeholders.js';
import { postscript } from './postscript.js';
import { repeatsWord } from './repeats-word.js';
import { sentenceCount } from './sentence-count.js';
import { shortWords } from './short-words.js';
import { startsWith } from './starts-with.js';
import { titleLine } from './title-line.js';
import { twoParts } from './two-parts.js';
import { upperCase } from './upper-case.js';
import { withoutLetter } from './without-letter.js';
import { wordsAtLeast } from './words-at-least.js';
import { wordsAtMost } from './words-at-most.js';
import { wordsBetween } from './words-between.js';

export const constraintFamilies: readonly ConstraintFamily[] = [
  ...[wordsAtMost, wordsAtLeast, wordsBetween, sentenceCount],
  ...[
    paragraphCount,
    bulletList,
    numberedList,
    markdownTable,
    jsonObject,
    twoParts,
    headings,
    numberedSections,
    oneLine,
  ],
  ...[containsWords, repeatsWord, avoidsWords, boldPhrases, placeholders],
  ...[startsWith, titleLine, bracketedTitle, requestFirst, inQuotes],
  ...[endsWith, endsWithQuestion, postscript],
  ...[lowerCase, upperCase, capitalWords],
  ...[noCommas, noDigits, shortWords, withoutLetter],
];
