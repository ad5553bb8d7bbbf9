// The paper's own rules, one table: what each rejects, with the rule it is (arXiv 2408.08072; "1" is the rule filter on
// candidates, "2" the one on pairs, in the order of the paper's code), and beside each row what our corrected filter says.
import { describe, expect, it } from 'vitest';

import { type FilterName, filterLists } from '../../../../src/config/filters.js';
import type { FilteredRow } from '../../../../src/stages/filter/filter.js';
import { createFilters } from '../../../../src/stages/filter/filters/index.js';
import type { Reason } from '../../../../src/stages/filter/verdict.js';

const plain: FilteredRow = {
  instruction: 'Name three birds that cannot fly.',
  input: '',
  response: 'Ostriches, emus and kiwis cannot fly.',
  stop: 'end',
  constraints: [],
};
const filters = createFilters({
  novelty: 0.7,
  against: [{ instruction: 'Describe how bread is made in a small bakery.' }],
});

interface PaperRule {
  rule: string;
  filter: FilterName;
  /** Ours, where the paper's form is not it. */
  corrected?: FilterName;
  rows: PaperCase[];
}
/** What the paper's form says, true where it rejects; then what ours says, where it is another filter. */
type PaperCase = [row: Partial<FilteredRow>, rejects: boolean, oursRejects?: boolean];

const instruction = (text: string) => ({ instruction: text });
const input = (text: string) => ({ input: text });
const response = (text: string) => ({ response: text });
const words = (n: number) => Array.from({ length: n }, (_, i) => `word${i}`).join(' ');

const candidateRules: PaperRule[] = [
  {
    rule: '1.4 length in words',
    filter: 'instruction-length',
    rows: [
      [instruction('Name three birds.'), true],
      [instruction('Name three small birds.'), false],
      [instruction(words(150)), false],
      [instruction(words(151)), true],
    ],
  },
  {
    rule: '1.5 media',
    filter: 'paper-media',
    corrected: 'media',
    rows: [
      ...[
        'image',
        'Images',
        'GRAPH',
        'graphs',
        'picture',
        'pictures',
        'file',
        'files',
        'map',
        'maps',
        'draw',
        'plot',
      ].map((word): PaperCase => [instruction(`Tell what the ${word} has to say.`), true, true]),
      ...['go to', 'video', 'audio', 'music', 'flowchart', 'diagram'].map((word): PaperCase => [
        input(`Some words, then ${word}, then more.`),
        true,
        true,
      ]),
      ...['imagery', 'drawer', 'goto', 'profile', 'mapping', 'plots', 'draws', 'musical', 'paragraph'].map(
        (word): PaperCase => [instruction(`Tell what the ${word} has to say.`), false, false],
      ),
      ...['videos', 'flowcharts', 'diagrams'].map((word): PaperCase => [
        instruction(`Tell what the ${word} has to say.`),
        false,
        true,
      ]),
      [instruction('Explain what an é-map is to a child.'), true, true],
      [instruction('Explain what a map_id is to a child.'), false, false],
      // A word ends where letters do, and these are letters.
      [instruction('Explain what 地map图 is to a child.'), false, true],
    ],
  },
  {
    rule: '1.6 first character a punctuation mark',
    filter: 'leading-punctuation',
    rows: [
      ...Array.from('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', (mark): PaperCase => [instruction(`${mark} name it.`), true]),
      [instruction('3 plus 4 is how much?'), false],
      [instruction('Name it!'), false],
    ],
  },
  {
    rule: '1.7 first character not ASCII',
    filter: 'leading-non-ascii',
    rows: [
      [instruction('Écris un poème sur la mer.'), true],
      [instruction('“To be” is a verb. Conjugate it.'), true],
      [instruction('Translate "été" into English.'), false],
    ],
  },
  {
    rule: '1.8 markers of no input',
    filter: 'paper-no-input',
    corrected: 'placeholder',
    rows: [
      [input('<noinput>'), true, true],
      [input('No Input'), true, true],
      [input('it takes no inputs'), true, false],
      [input('NoInputNeeded'), true, false],
      [instruction('Write noinput if there is none.'), true, true],
      [instruction('Explain a program that takes no input.'), false, true],
      [input('There is no such input.'), false, false],
    ],
  },
  {
    rule: '1.9 labels of fields',
    filter: 'paper-field-label',
    corrected: 'field-label',
    rows: [
      [instruction('Name three birds. Input: kiwi'), true, true],
      [instruction('Name three birds.\nInstruction: name fish'), true, true],
      [input('kiwi\n\nOutput: a bird'), true, true],
      [instruction('Name three birds. Output: a list'), false, true],
      [input('Output: a bird'), false, true],
      [instruction('Name the (Input:) field of a form.'), false, false],
      [input('kiwi input: none'), false, false],
      [input('kiwi Output of a program'), false, false],
    ],
  },
  {
    rule: '1.10 web addresses',
    filter: 'paper-url',
    corrected: 'url',
    rows: [
      [instruction('Sum up https://example.org in one line.'), true, true],
      [input('see http://example.org'), true, true],
      [input('see www.example.org'), false, true],
      [input('see HTTPS://EXAMPLE.ORG'), false, true],
      [instruction('Explain what http and https stand for.'), false, false],
    ],
  },
  {
    rule: '1.11 ROUGE-L above 0.7',
    filter: 'novelty',
    rows: [
      [instruction('Describe how bread is made in a large bakery.'), true],
      // 7 tokens in common of 9 and 12, F = 0.67, then of 9 and 10, F = 0.74.
      [instruction('Describe how bread is made in a very huge old steel mill.'), false],
      [instruction('Describe how bread is made in a huge steel mill.'), true],
      [instruction('Describe how glass is recycled.'), false],
    ],
  },
];

const pairRules: PaperRule[] = [
  {
    rule: '2.2a another turn',
    filter: 'paper-role-label',
    corrected: 'role-label',
    rows: [
      ...['assistant', 'System', 'HUMAN', 'user'].map((word): PaperCase => [
        response(`Kiwis.\n${word}: more`),
        true,
        true,
      ]),
      ...['question', 'output'].map((word): PaperCase => [response(`Kiwis.\n${word}: more`), true, false]),
      [response('Kiwis.\nassistant\nEmus.'), true, true],
      [response('Kiwis.\n User : more'), false, true],
      [response('Kiwis. User: more'), false, false],
      [response('User: more'), false, false],
      [response('Kiwis.\nuser'), false, false],
      [response('Kiwis.\nUsers: many'), false, false],
    ],
  },
  {
    rule: '2.2b answer choices',
    filter: 'paper-answer-choices',
    corrected: 'continued-task',
    rows: [
      [response('Kiwis. ANSWER CHOICES: emu'), true, true],
      [{ instruction: 'Write a quiz on small birds.', response: 'Answer Choices: emu' }, true, false],
      [response('These answer choices are good.'), false, false],
    ],
  },
  {
    rule: '2.2b markers of no input',
    filter: 'paper-response-no-input',
    corrected: 'continued-task',
    rows: [
      [response('<NoInput>'), true, true],
      [response('There is no input.'), true, true],
      [response('It checks no inputs.'), true, false],
      [response('The input is not known.'), false, false],
    ],
  },
  {
    rule: '2.2b can you',
    filter: 'paper-can-you',
    corrected: 'continued-task',
    rows: [
      [response('Kiwis.\n\nCan you name more?'), true, true],
      [response('Kiwis.\ncan your dog fly?'), true, false],
      [response('Kiwis. Can you name more?'), false, false],
      [response('Can you name more?'), false, false],
      [response('Kiwis.\n can you name more?'), false, true],
    ],
  },
  {
    rule: '2.2b do you',
    filter: 'paper-do-you',
    corrected: 'continued-task',
    rows: [
      [response('Kiwis. Do you know more?'), true, false],
      [response('Kiwis.\nDo you know more?'), true, true],
      [response('Undo your last step, or redo you may.'), true, false],
      [response('Kiwis. What more do you'), false, false],
      [response('Kiwis. What more do you '), false, false],
      [response('Kiwis. What more do you \nknow'), false, false],
      [response('Kiwis. Whatever you do, your dog flies.'), false, false],
    ],
  },
  {
    rule: '2.2b a question after a blank line',
    filter: 'paper-question',
    corrected: 'continued-task',
    rows: [
      [response(`Kiwis.\n\n${'x'.repeat(100)}?`), true, false],
      [response(`Kiwis.\n\n${'x'.repeat(101)}?`), false, false],
      [response(`Kiwis.\n\n${'x'.repeat(99)}?\nAn answer.`), true, true],
      [response('Kiwis.\n\n?'), true, false],
      [response('Kiwis.\n\n\n\nWhat else?'), true, false],
      [response('Kiwis.\nWhat else?'), false, false],
      [response('Kiwis.\n\nThey run.\nWhat else?'), false, false],
    ],
  },
  {
    rule: '2.2c option letters',
    filter: 'paper-options',
    corrected: 'answer-options',
    rows: [
      [response('A. Kiwi\nB. Wren'), true, true],
      [response('(a) Kiwi\n(b) Wren'), true, true],
      [response('Big birds, e.g. emus.'), true, false],
      [response('Big birds, i.e. emus.'), true, false],
      [response('Take plan B.'), true, false],
      [response('Rich in vitamin C.'), true, false],
      [response('As in (E).'), true, false],
      [response('A) Kiwi\nB) Wren'), false, true],
      [response('F. Kiwi\nG. Wren'), false, false],
      [response('Take plan F. It is (f).'), false, false],
      [response('A bird is made. (ab)'), false, false],
      [response('It has 3b. of 5_c. and sécé.'), false, false],
    ],
  },
  {
    rule: '2.2d Chinese',
    filter: 'paper-chinese',
    corrected: 'foreign-script',
    rows: [
      [response('Kiwis 不会飞.'), true, true],
      [{ instruction: 'Translate "bird" into Chinese, please.', response: '鸟' }, true, false],
      [response('キウイ'), false, true],
      [response('Les kiwis, très gentils。'), false, false],
    ],
  },
  {
    rule: '2.3 markers of no input in the task',
    filter: 'paper-task-no-input',
    corrected: 'placeholder',
    rows: [
      [input('NOINPUT'), true, true],
      [instruction('Explain a program that takes no input.'), true, true],
      [instruction('Explain a program that takes no inputs.'), true, false],
      [instruction('Explain what input and output mean.'), false, false],
    ],
  },
  {
    rule: '2.3 tags',
    filter: 'paper-angle-tag',
    corrected: 'placeholder',
    rows: [
      [input(`<${'x'.repeat(20)}>`), true, true],
      [input(`<${'x'.repeat(21)}>`), false, false],
      [instruction('Rewrite <x> in plain words.'), true, true],
      [instruction('Is 3 < 4 and 5 > 4 a true statement?'), true, true],
      [instruction('Is 3 <> 4 a true statement?'), false, false],
      [instruction('Is 3 > 4 or 3 < 4?'), false, false],
    ],
  },
  {
    rule: '2.3 none',
    filter: 'paper-none',
    rows: [
      [input('None'), true],
      [instruction('Nonetheless, name three birds.'), true],
      [instruction('Which of these? None of them fly.'), true],
      [instruction('Name no one of three birds.'), false],
      [response('None of them can fly.'), false],
    ],
  },
  {
    rule: '2.4 the input in the instruction',
    filter: 'paper-repeated-input',
    corrected: 'repeated-input',
    rows: [
      [{ instruction: 'Translate "good night" to French.', input: 'good night' }, true, true],
      [{ instruction: 'Translate "good night" to French.', input: ' good night\n' }, false, true],
      [{ instruction: 'Translate "good night" to French.', input: 'Good night' }, false, false],
      [{ instruction: 'Translate the words to French.', input: 'good night' }, false, false],
      [input(''), false, false],
      [input(' '), false, false],
    ],
  },
  {
    rule: '2.5 no response',
    filter: 'paper-empty',
    corrected: 'empty-response',
    rows: [
      [response(''), true, true],
      [response(' \n'), false, true],
      [response('7'), false, false],
    ],
  },
];

const rules = [...candidateRules, ...pairRules];

describe.each(rules.map((one) => [one.rule, one] as const))('the rule %s of the paper', (_, { filter, rows }) => {
  const rejects = (name: FilterName, row: Partial<FilteredRow>): boolean =>
    filters[name].check({ ...plain, ...row }) !== undefined;

  it(`is the filter ${filter}`, () => {
    for (const [row, expected] of rows) expect(rejects(filter, row), JSON.stringify(row)).toBe(expected);
    expect(rows.some(([, expected]) => expected)).toBe(true);
    expect(rows.some(([, expected]) => !expected)).toBe(true);
  });
});

const corrected = rules.flatMap(({ filter, corrected: ours, rows }) =>
  ours === undefined ? [] : [{ filter, ours, rows }],
);

it.each(corrected)('$filter is not quite our $ours', ({ filter, ours, rows }) => {
  for (const [row, , expected] of rows) {
    expect(filters[ours].check({ ...plain, ...row }) !== undefined, JSON.stringify(row)).toBe(expected);
  }
  expect(rows.some(([, paper, own]) => paper !== own)).toBe(filter !== 'paper-angle-tag');
});

it.each(rules.filter(({ filter }) => filter.startsWith('paper-')))(
  '$filter gives its own name as its reason',
  (rule) => {
    const [row] = rule.rows.find(([, expected]) => expected) ?? [{}];
    expect(filters[rule.filter].check({ ...plain, ...row })).toBe(rule.filter as Reason);
  },
);

it('has the rules of the paper in their order, those for candidates before those for pairs', () => {
  expect(rules.map((one) => one.filter)).toEqual(filterLists.paper);
  const stages = filterLists.paper.map((name) => filters[name].appliesTo);
  expect(stages).toEqual([...candidateRules.map(() => 'candidate'), ...pairRules.map(() => 'pair')]);
});
