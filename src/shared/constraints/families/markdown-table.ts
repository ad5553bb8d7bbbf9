import { z } from 'zod';

import { numberBetween } from '../draws.js';
import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';
import { lines } from '../text.js';

/** Cells of a line of a table. The bars at both ends may be missing. */
function cells(line: string): string[] {
  return line.replace(/^\|/u, '').replace(/\|$/u, '').split('|');
}

export const markdownTable = defineFamily({
  name: 'markdown-table',
  group: 'layout',
  overlaps: null,
  beginning: { tokens: 12 },
  parameters: z.strictObject({ columns: z.int().min(2) }),
  draw: (random) => ({ columns: numberBetween(2, 3, random) }),
  wordings: ({ columns }) => [
    ...phrasings`Put it into a {Markdown |}table of ${columns} columns{| in Markdown}.`,
    ...phrasings`{Answer|Respond} with a table in Markdown that has ${columns} columns.`,
  ],
  /** A head, a line of hyphens and a row at least; every line of the table has the columns. */
  check: (response, { columns }) => {
    const table = lines(response).flatMap((line) => (line.includes('|') ? [cells(line)] : []));
    const [, ruler] = table;
    const isRuled = ruler?.every((cell) => /^\s*:?-+:?\s*$/u.test(cell)) === true;
    return isRuled && table.length >= 3 && table.every((row) => row.length === columns);
  },
});
