import { z } from 'zod';

import { asSentence } from '../instruction-text.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const requestFirst = defineFamily({
  name: 'request-first',
  group: 'opening',
  overlaps: 'IFEval combination:repeat_prompt',
  beginning: { tokens: 20, hasEnd: true, weight: 1.5 },
  // What they ask for would have to be true of the request, too, which may be of any form.
  conflicts: [
    ...['words-at-most', 'words-between', 'sentence-count', 'paragraph-count', 'json-object', 'one-line'],
    ...['contains-words', 'repeats-word', 'avoids-words', 'lower-case', 'upper-case', 'capital-words'],
    ...['no-commas', 'no-digits', 'short-words', 'without-letter'],
  ],
  parameters: z.strictObject({ request: z.string().min(1) }),
  draw: (_, { instruction, input }) => ((input ?? '') === '' ? { request: asSentence(instruction) } : null),
  wordings: () => [
    ...phrasings`{Before you answer|First|To begin with}, {repeat|copy|write out} {the request|the question|the task} {word for word|without changing a word|exactly as it stands}{, then answer it|; your answer comes after it|}.`,
    ...phrasings`{Start|Begin} by {repeating|copying} {the request|this request|what I asked} {word for word|without any change}, {and then|then} {answer|give your answer}.`,
    ...phrasings`{Your answer|Your response} {must|should} {start|begin} with {the request itself|my request}, repeated {word for word|exactly}{, and with nothing before it|}.`,
  ],
  impose: (text, { request }) => `${request}\n\n${text}`,
  check: (response, { request }) => response.startsWith(request) && /^\s+\S/u.test(response.slice(request.length)),
});
