// What a response has to contain.
import { z } from 'zod';

import { count, instruction } from './instruction.js';
import { countMatches, literal, py, strip } from './python-text.js';

/** Texts in square brackets. */
export const numberOfPlaceholders = instruction(
  z.object({ num_placeholders: count }),
  (text, { num_placeholders }) => countMatches(text, /\[[^\n]*?\]/gu) >= num_placeholders,
);

/** The two markers that the benchmark has may be spaced. */
const spacedMarkers: Readonly<Record<string, string>> = {
  'P.S.': `p\\.${py.space}?s\\.`,
  'P.P.S': `p\\.${py.space}?p\\.${py.space}?s`,
};

/** Anywhere, not only at the end. */
export const postscript = instruction(
  z.object({ postscript_marker: z.string().min(1) }),
  (text, { postscript_marker }) => {
    const marker = strip(postscript_marker);
    return new RegExp(spacedMarkers[marker] ?? literal(marker.toLowerCase()), 'u').test(text.toLowerCase());
  },
);
