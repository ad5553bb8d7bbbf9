// Marks that give a response its form.
import { z } from 'zod';

import { count, instruction, nothing } from './instruction.js';
import { countMatches, isBlank, literal, py, strip, stripCharacters } from './python-text.js';

const starBullet = new RegExp(`${py.lineStart}${py.space}*\\*[^*]${py.any}*`, 'gu');
const dashBullet = new RegExp(`${py.lineStart}${py.space}*-${py.any}*`, 'gu');

/** Lines that begin with "*" or "-", a rule of dashes, too. */
export const numberOfBullets = instruction(
  z.object({ num_bullets: count }),
  (text, { num_bullets }) => countMatches(text, starBullet) + countMatches(text, dashBullet) === num_bullets,
);

const options = ['My answer is yes.', 'My answer is no.', 'My answer is maybe.'];

export const constrainedResponse = instruction(nothing, (text) => options.some((option) => text.includes(option)));

/** A text in double asterisks counts as officially: once by each rule that finds something in it. */
export const numberOfHighlights = instruction(z.object({ num_highlights: count }), (text, { num_highlights }) => {
  const single = text.match(/\*[^\n*]*\*/gu) ?? [];
  const double = text.match(/\*\*[^\n*]*\*\*/gu) ?? [];
  const filled = [
    ...single.filter((highlight) => !isBlank(stripCharacters(highlight, '*', '*'))),
    ...double.filter((highlight) => !isBlank(highlight.slice(2, -2))),
  ];
  return filled.length >= num_highlights;
});

/** Headings such as "Section 3", anywhere. */
export const numberOfSections = instruction(
  z.object({ section_spliter: z.string().min(1), num_sections: count }),
  (text, { section_spliter, num_sections }) => {
    const name = literal(strip(section_spliter));
    const heading = new RegExp(`${py.space}?${name}${py.space}?${py.digit}+${py.space}?`, 'gu');
    return countMatches(text, heading) >= num_sections;
  },
);

/** A title in double angle brackets. */
export const title = instruction(nothing, (text) =>
  (text.match(/<<[^\n]+>>/gu) ?? []).some((found) => !isBlank(stripCharacters(found, '<', '>'))),
);

const fences = ['```json', '```Json', '```JSON', '```'];

export const jsonFormat = instruction(nothing, (text) => {
  const opened = fences.reduce(
    (rest, fence) => (rest.startsWith(fence) ? rest.slice(fence.length) : rest),
    strip(text),
  );
  return isJson(strip(opened.endsWith('```') ? opened.slice(0, -3) : opened));
});

/** As Python's json.loads has it, which also takes NaN and Infinity for numbers. */
function isJson(text: string): boolean {
  const standard = text.replace(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity/gsu, (part) =>
    part.startsWith('"') ? part : 'null',
  );
  try {
    JSON.parse(standard);
    return true;
  } catch {
    return false;
  }
}
