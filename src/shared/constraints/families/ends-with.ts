import { z } from 'zod';

import { oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { countWords, sentences } from '../text.js';

const closings = [
  ...['That is all.', 'I hope this helps.', 'And so it goes.', 'Tell me if you need more.', 'That is how it is.'],
  ...['What do you think?', 'Have a nice day!', 'Feel free to ask again.', 'Thank you for your time.', 'See you soon!'],
  ...[
    'Good luck!',
    'Is that what you meant?',
    'Let me hear from you.',
    'Now it is your turn.',
    'Take care.',
    'The end.',
  ],
] as const;

/** Nobody asks for longer ones. */
const mostWords = 12;

export const endsWith = defineFamily({
  name: 'ends-with',
  group: 'closing',
  overlaps: 'IFEval startend:end_checker',
  conflicts: ['lower-case', 'upper-case'],
  parameters: z.strictObject({ text: z.string().min(1) }),
  // No commas, rare letters or long words, which other families forbid.
  draw: (random) => ({ text: oneOf(closings, random) }),
  // What it says anyway, in whatever words.
  observe: (text) => {
    const found = sentences(text);
    const last = found.at(-1) ?? '';
    return found.length > 1 && text.endsWith(last) && countWords(last) <= mostWords ? { text: last } : null;
  },
  wordings: ({ text }) => [
    ...phrasings`{Close|End|Finish} {it|your answer|your response} with {the sentence|the phrase|exactly} "${text}"`,
    ...phrasings`Your {last|final} words {must|should} be "${text}"{| Nothing may follow.}`,
    ...phrasings`{Finish|Stop|End} by saying "${text}"{ and stop there.| and nothing more.|}`,
    ...phrasings`The {very last|last} sentence of {your reply|it} {should|must} be "${text}"{| Nothing comes after it.}`,
    ...phrasings`Make sure that {your answer|your response|it} ends with {exactly this|these words}: "${text}"{| No other words follow.}`,
  ],
  impose: (text, { text: end }) => `${text} ${end}`,
  check: (response, { text }) => response.toLowerCase().endsWith(text.toLowerCase()),
});
