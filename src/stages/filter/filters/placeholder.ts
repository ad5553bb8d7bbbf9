// Marks that stand where text should: left-over "noinput", tags, blanks. A task that is about HTML loses too; a tag of up
// to 20 characters is a placeholder far more often.
import type { Filter } from '../filter.js';

const noInputMarker = /\bno ?input\b/i;
const angleTag = /<[^<>]{1,20}>/;
const unfilledBlank =
  /\[[^\][]*\b(insert|your|name|text|here|placeholder|blank|paste|add|input|article|topic)\b[^\][]*\]/i;

export const placeholder: Filter = {
  name: 'placeholder',
  appliesTo: 'candidate',
  check({ instruction, input }) {
    const task = `${instruction}\n${input}`;
    if (noInputMarker.test(task)) return 'no-input-marker';
    if (angleTag.test(task)) return 'angle-tag';
    return unfilledBlank.test(task) ? 'unfilled-blank' : undefined;
  },
};
