import { z } from 'zod';

import { numberBetween, oneOf } from '../draws.js';
import { defineFamily } from '../family.js';
import { parts } from '../impose.js';
import { phrasings } from '../phrasings.js';
import { lines } from '../text.js';

export const numberedSections = defineFamily({
  name: 'numbered-sections',
  group: 'layout',
  overlaps: 'IFEval detectable_format:multiple_sections',
  beginning: { tokens: 8 },
  conflicts: ['no-digits', 'lower-case', 'upper-case', 'sentence-count', 'in-quotes'],
  parameters: z.strictObject({ name: z.string().regex(/^\p{L}+$/u, 'must be one word'), sections: z.int().min(1) }),
  draw: (random) => ({
    name: oneOf(['Section', 'Part', 'SECTION', 'PART', 'Chapter', 'Paragraph', 'Day', 'Scene'], random),
    sections: numberBetween(2, 4, random),
  }),
  wordings: ({ name, sections: n }) => [
    ...phrasings`{Your answer|Your response|It} {must|should} have {exactly |}${n} sections, {beginning with|under} the lines "${name} 1", "${name} 2" and so on.`,
    ...phrasings`{Divide|Split} {it|your answer|your response} into {exactly |}${n} sections{. Mark|, and mark} {the beginning|the start} of each with ${name} {and its number|1, ${name} 2 …}.`,
    ...phrasings`{Write|Give|Make} ${n} sections and {call|name} them "${name} 1" to "${name} ${n}", each name on its own line.`,
  ],
  impose: (text, { name, sections }) =>
    parts(text, sections)
      .map((part, i) => `${name} ${i + 1}\n${part}`)
      .join('\n\n'),
  /** Numbered from 1, in order, and no more of them. */
  check: (response, { name, sections }) => {
    const found = lines(response).flatMap(
      (line) => new RegExp(`^${name} (\\d+)(?![\\p{L}\\p{N}])`, 'u').exec(line)?.[1] ?? [],
    );
    return found.length === sections && found.every((number, i) => Number(number) === i + 1);
  },
});
