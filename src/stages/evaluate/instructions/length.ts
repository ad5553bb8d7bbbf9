// How many words, sentences and paragraphs a response has.
import { z } from 'zod';

import { compare, count, instruction, relation } from './instruction.js';
import { countMatches, isBlank, py, splitWords, strip, stripCharacters } from './python-text.js';
import { splitSentences } from './sentences.js';

/** \w+ as the package `regex` has it, which NLTK's RegexpTokenizer uses since 3.10: combining marks belong to words, and
 *  fractions and powers are none. */
const word = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+/gu;

export const numberOfWords = instruction(z.object({ num_words: count, relation }), (text, kwargs) =>
  compare(countMatches(text, word), kwargs.relation, kwargs.num_words),
);

export const numberOfSentences = instruction(z.object({ num_sentences: count, relation }), (text, kwargs) =>
  compare(splitSentences(text).length, kwargs.relation, kwargs.num_sentences),
);

const divider = new RegExp(`${py.space}?\\*\\*\\*${py.space}?`, 'u');

/** Paragraphs that "***" parts; only before the first and behind the last divider may be nothing. */
export const numberOfParagraphs = instruction(z.object({ num_paragraphs: count }), (text, { num_paragraphs }) => {
  const paragraphs = text.split(divider);
  const atEnds = paragraphs.filter((paragraph, i) => isBlank(paragraph) && isEnd(i, paragraphs)).length;
  const within = paragraphs.some((paragraph, i) => isBlank(paragraph) && !isEnd(i, paragraphs));
  return !within && paragraphs.length - atEnds === num_paragraphs;
});

function isEnd(i: number, all: readonly unknown[]): boolean {
  return i === 0 || i === all.length - 1;
}

/** Paragraphs that a blank line parts. Empty ones do not count, but the n-th is looked up among all, as officially. */
export const nthParagraphFirstWord = instruction(
  z
    .object({ num_paragraphs: count, nth_paragraph: z.int().min(1), first_word: z.string().min(1) })
    .refine(({ num_paragraphs, nth_paragraph }) => nth_paragraph <= num_paragraphs, {
      message: 'must not be more than num_paragraphs',
      path: ['nth_paragraph'],
    }),
  (text, { num_paragraphs, nth_paragraph, first_word }) => {
    const paragraphs = text.split('\n\n').map(strip);
    const filled = paragraphs.filter((paragraph) => paragraph !== '').length;
    const first = splitWords(paragraphs[nth_paragraph - 1] ?? '')[0];
    if (first === undefined || filled !== num_paragraphs) return false;
    return bareWord(first) === first_word.toLowerCase();
  },
);

/** Without quotes before it, and up to its first mark; in lower case, letter by letter. */
function bareWord(text: string): string {
  const unquoted = stripCharacters(stripCharacters(text, "'", ''), '"', '');
  const [bare = ''] = unquoted.split(/[.,?!'"]/);
  return Array.from(bare, (letter) => letter.toLowerCase()).join('');
}
