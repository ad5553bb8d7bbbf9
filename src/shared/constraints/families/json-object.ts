import { z } from 'zod';

import { sampleWithoutReplacement } from '../../random.js';
import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { parts } from '../impose.js';

const names = ['answer', 'reason', 'title', 'summary', 'topic', 'detail', 'name'];

/** The text in a code fence, where that is all there is. */
function unfenced(text: string): string {
  return /^```(?:json)?\n([\s\S]*)\n```$/u.exec(text)?.[1] ?? text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(unfenced(text));
  } catch {
    return undefined;
  }
}

export const jsonObject = defineFamily({
  name: 'json-object',
  group: 'layout',
  overlaps: 'IFEval detectable_format:json_format',
  beginning: { tokens: 8, hasEnd: true },
  conflicts: [
    ...['starts-with', 'title-line', 'ends-with', 'ends-with-question', 'upper-case', 'no-commas'],
    ...['bold-phrases'],
  ],
  parameters: z.strictObject({ keys: z.array(z.string().min(1)).min(1) }),
  draw: (random) => ({ keys: sampleWithoutReplacement(names, numberBetween(2, 3, random), random) }),
  wordings: ({ keys }) => {
    const quoted = keys.map((key) => `"${key}"`).join(', ');
    return [
      ...phrasings`{Reply|Answer|Respond} with {one|a single} JSON object and nothing else; its keys: ${quoted}.`,
      ...phrasings`The {whole|entire} {reply|answer|response} must be {a JSON object|in JSON} with exactly these keys: ${quoted}.`,
      ...phrasings`{Format|Give|Wrap} {your whole answer|everything} {as JSON|in JSON format}, {an object with the keys|with the keys} ${quoted}.`,
      ...phrasings`I need {valid JSON only|only JSON}, with ${quoted} as its keys.`,
    ];
  },
  impose: (text, { keys }) => {
    const values = parts(text, keys.length);
    return JSON.stringify(Object.fromEntries(keys.map((key, i) => [key, values[i] ?? ''])), null, 2);
  },
  check: (response, { keys }) => {
    const value = parsed(response);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return JSON.stringify(Object.keys(value).sort()) === JSON.stringify([...keys].sort());
  },
});
