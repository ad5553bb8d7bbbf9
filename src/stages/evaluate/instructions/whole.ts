// How a response as a whole begins, ends and is put together.
import { z } from 'zod';

import { instruction, nothing } from './instruction.js';
import { strip, stripCharacters } from './python-text.js';

/** Two different texts with six asterisks between them, and perhaps before and behind them. */
export const twoResponses = instruction(nothing, (text) => {
  const parts = text.split('******').map(strip);
  if (parts.slice(1, -1).includes('')) return false;
  const [first, second, ...others] = parts.filter((part) => part !== '');
  return second !== undefined && others.length === 0 && first !== second;
});

export const repeatPrompt = instruction(
  z.object({ prompt_to_repeat: z.string().min(1) }),
  (text, { prompt_to_repeat }) => strip(text).toLowerCase().startsWith(strip(prompt_to_repeat).toLowerCase()),
);

export const endPhrase = instruction(z.object({ end_phrase: z.string() }), (text, { end_phrase }) =>
  stripCharacters(strip(text), '"', '"').toLowerCase().endsWith(strip(end_phrase).toLowerCase()),
);

export const quotation = instruction(nothing, (text) => /^"[^]*"$/.test(strip(text)));

export const noComma = instruction(nothing, (text) => !text.includes(','));
