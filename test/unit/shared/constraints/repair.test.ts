import { describe, expect, it } from 'vitest';

import { unmetConstraints } from '../../../../src/shared/constraints/check.js';
import { constraintFamilies } from '../../../../src/shared/constraints/families/index.js';
import { repaired } from '../../../../src/shared/constraints/repair.js';
import { randomStream } from '../../../../src/shared/random.js';

const task = { instruction: 'Describe the harbour of a small town.', input: '' };
const response =
  'The harbour is small, and most of its boats are old. In the morning, fishermen unload their boxes on the quay. ' +
  'Gulls wait for what falls. At noon, when it is hot, everybody sleeps, even the dogs. Towards evening the cafe opens.';

/** Whether the response can be made to meet a drawn constraint of each family. */
function canRepair(name: string): boolean {
  const family = constraintFamilies.find((one) => one.name === name);
  const parameters = family?.draw(randomStream(3), task);
  if (!parameters) throw new Error(`${name} does not fit the task`);
  const constraints = [{ family: name, parameters }];
  const text = repaired(response, constraints, task);
  if (text !== undefined) expect(unmetConstraints(text, constraints)).toEqual([]);
  return text !== undefined;
}

describe('repair', () => {
  it.each(
    (
      'words-at-most sentence-count paragraph-count bullet-list numbered-list json-object two-parts headings ' +
      'one-line bold-phrases starts-with title-line ends-with lower-case upper-case no-commas ' +
      'in-quotes postscript placeholders'
    ).split(' '),
  )('makes a plain text meet %s', (name) => {
    expect(canRepair(name)).toBe(true);
  });

  it.each(['markdown-table', 'ends-with-question', 'repeats-word'])('leaves what it cannot make: %s', (name) => {
    expect(canRepair(name)).toBe(false);
  });

  it('meets several at once, or none of them', () => {
    const both = [
      { family: 'no-commas', parameters: {} },
      { family: 'ends-with', parameters: { text: 'That is all.' } },
    ];
    expect(repaired(response, both, task)).toMatch(/^[^,]*That is all\.$/u);
    expect(
      repaired(response, [...both, { family: 'markdown-table', parameters: { columns: 2 } }], task),
    ).toBeUndefined();
  });

  it('leaves texts of a few words as they are', () => {
    expect(repaired('Yes, of course.', [{ family: 'no-commas', parameters: {} }], task)).toBeUndefined();
  });
});
