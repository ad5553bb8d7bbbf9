import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { firstSentences } from '../impose.js';
import { countWords, roundedDown } from '../text.js';

const mostFrom = 60;

export const wordsBetween = defineFamily({
  name: 'words-between',
  group: 'length',
  overlaps: 'IFBench count:word_count_range',
  fewestWords: mostFrom,
  parameters: z
    .strictObject({ from: z.int().min(1), to: z.int() })
    .refine(({ from, to }) => from <= to, 'from is above to, which no response can meet'),
  draw: (random) => {
    const from = numberBetween(20, mostFrom, random, 10);
    return { from, to: from + numberBetween(20, 40, random, 10) };
  },
  observe: (text) => {
    const from = roundedDown(countWords(text));
    return from === 0 ? null : { from, to: from + 20 };
  },
  wordings: ({ from, to }) => [
    ...phrasings`Aim for a length of ${from} to ${to} words.`,
    ...phrasings`Not under ${from} words and not over ${to}.`,
    ...phrasings`It {has to|should} have {from ${from} to ${to}|between ${from} and ${to}} words.`,
    ...phrasings`{Your response|Your answer} {should|must} have {between ${from} and ${to}|${from} to ${to}} words.`,
  ],
  impose: (text, { to }) => firstSentences(text, to),
  check: (response, { from, to }) => countWords(response) >= from && countWords(response) <= to,
});
