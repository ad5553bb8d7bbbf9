import { expect, it } from 'vitest';

import { parseCsv } from '../../../src/shared/csv.js';

it.each([
  [
    'a,b\nc,d\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,,\n,b',
    [
      ['a', '', ''],
      ['', 'b'],
    ],
  ],
  ['"a,b","say ""no""",c\n', [['a,b', 'say "no"', 'c']]],
  [
    '"two\nlines",x\n\n  \ny,z',
    [
      ['two\nlines', 'x'],
      ['y', 'z'],
    ],
  ],
  ['""\n', [['']]],
  ['', []],
])('%j has its rows', (text, rows) => {
  expect(parseCsv(text).map(({ fields }) => fields)).toEqual(rows);
});

it('tells the line on which a row begins, and ends at a quote that is none', () => {
  expect(parseCsv('"a\nb",c\nd,e\n"f"g,h\ni,j')).toEqual([
    { line: 1, fields: ['a\nb', 'c'] },
    { line: 3, fields: ['d', 'e'] },
    { line: 4 },
  ]);
});
