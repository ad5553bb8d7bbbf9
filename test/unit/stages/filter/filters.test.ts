// One table for our own filters: what each rejects, and what is close to it and passes. The paper's forms have theirs in
// paper-filters.test.ts.
import { describe, expect, it } from 'vitest';

import type { FilteredRow } from '../../../../src/stages/filter/filter.js';
import { type FilterName, filterLists, filterNames } from '../../../../src/config/filters.js';
import { EvaluationIndex } from '../../../../src/stages/filter/evaluation-index.js';
import { createFilters } from '../../../../src/stages/filter/filters/index.js';
import type { Reason } from '../../../../src/stages/filter/verdict.js';

const plain: FilteredRow = {
  instruction: 'Name three birds that cannot fly.',
  input: '',
  response: 'Ostriches, emus and kiwis cannot fly.',
  stop: 'end',
  constraints: [],
};
const known = [{ instruction: 'Describe how bread is made in a small bakery.' }];
const evaluation = new EvaluationIndex(['How many legs does a common garden spider have?'], 13);
const filters = createFilters({ novelty: 0.7, against: known, evaluation });

interface Case {
  filter: FilterName;
  row: Partial<FilteredRow>;
  /** Absent: the filter lets the row pass. */
  reason?: Reason;
}

const longWords = (n: number) => Array.from({ length: n }, (_, i) => `word${i}`).join(' ');

const taskCases: Case[] = [
  { filter: 'instruction-length', row: { instruction: 'Name three birds.' }, reason: 'too-short' },
  { filter: 'instruction-length', row: { instruction: 'Name three small birds.' } },
  { filter: 'instruction-length', row: { instruction: longWords(150) } },
  { filter: 'instruction-length', row: { instruction: longWords(151) }, reason: 'too-long' },
  { filter: 'leading-punctuation', row: { instruction: ', and then explain why.' }, reason: 'starts-with-punctuation' },
  {
    filter: 'leading-punctuation',
    row: { instruction: '"To be" is a verb. Conjugate it.' },
    reason: 'starts-with-punctuation',
  },
  { filter: 'leading-punctuation', row: { instruction: '3 plus 4 is how much?' } },
  { filter: 'leading-non-ascii', row: { instruction: 'Écris un poème sur la mer.' }, reason: 'starts-with-non-ascii' },
  { filter: 'leading-non-ascii', row: { instruction: 'Translate "été" into English.' } },
  { filter: 'media', row: { instruction: 'Describe the PICTURE in two sentences.' }, reason: 'needs-media' },
  { filter: 'media', row: { instruction: 'Sum up the text.', input: 'Watch the video first.' }, reason: 'needs-media' },
  { filter: 'media', row: { instruction: 'Write a paragraph about cartography and profiles.' } },
  { filter: 'placeholder', row: { input: 'NoInput' }, reason: 'no-input-marker' },
  { filter: 'placeholder', row: { input: '<noinput>' }, reason: 'no-input-marker' },
  { filter: 'placeholder', row: { instruction: 'Rewrite <text> in plain words.' }, reason: 'angle-tag' },
  { filter: 'placeholder', row: { input: '[Insert your text here]' }, reason: 'unfilled-blank' },
  { filter: 'placeholder', row: { instruction: 'Is 3 < 4 and 5 > 4 a true statement?' }, reason: 'angle-tag' },
  { filter: 'placeholder', row: { instruction: 'Sort the list [3, 1, 2] in rising order.' } },
  { filter: 'field-label', row: { instruction: 'Name three birds. Input: none' }, reason: 'field-label' },
  { filter: 'field-label', row: { instruction: 'Task 7: Name three birds.' }, reason: 'field-label' },
  { filter: 'field-label', row: { input: 'Output: a list' }, reason: 'field-label' },
  { filter: 'field-label', row: { instruction: 'Explain what input and output mean.' } },
  { filter: 'url', row: { instruction: 'Sum up https://example.org in one line.' }, reason: 'url' },
  { filter: 'url', row: { input: 'see www.example.org' }, reason: 'url' },
  { filter: 'url', row: { instruction: 'Explain what the letters HTTP stand for.' } },
  {
    filter: 'repeated-input',
    row: { instruction: 'Translate "good night" to French.', input: 'good night' },
    reason: 'repeated-input',
  },
  { filter: 'repeated-input', row: { instruction: 'Translate the words to French.', input: 'good night' } },
  { filter: 'repeated-input', row: { input: '  ' } },
  { filter: 'missing-input', row: { instruction: 'Summarize the following article.' }, reason: 'missing-input' },
  { filter: 'missing-input', row: { instruction: 'Translate this into Spanish:' }, reason: 'missing-input' },
  { filter: 'missing-input', row: { instruction: 'Correct the sentence below.' }, reason: 'missing-input' },
  { filter: 'missing-input', row: { instruction: 'Summarize the following article.', input: 'Bees dance.' } },
  { filter: 'missing-input', row: { instruction: 'Correct the following sentence: he go home.' } },
  { filter: 'missing-input', row: { instruction: 'Write a function that counts the words of a given text.' } },
  { filter: 'missing-input', row: { instruction: 'Given a list of numbers, explain how to sort it.' } },
  { filter: 'missing-input', row: { instruction: 'Use the given word in a sentence: harbour' } },
  { filter: 'novelty', row: { instruction: 'Describe how bread is made in a large bakery.' }, reason: 'not-new' },
  { filter: 'novelty', row: { instruction: 'Describe how glass is recycled.' } },
];

const quadruples = `${longWords(6)} `.repeat(8);
const pairCases: Case[] = [
  { filter: 'empty-response', row: { response: ' \n\t' }, reason: 'empty-response' },
  { filter: 'empty-response', row: { response: '7' } },
  { filter: 'unfinished-response', row: { stop: 'length' }, reason: 'unfinished-response' },
  { filter: 'unfinished-response', row: { stop: 'repetition' }, reason: 'unfinished-response' },
  { filter: 'unfinished-response', row: { stop: 'string' } },
  { filter: 'unfinished-response', row: { stop: undefined } },
  { filter: 'role-label', row: { response: 'Kiwis.\nUser: and more?' }, reason: 'role-label' },
  { filter: 'role-label', row: { response: 'Kiwis.\nassistant\nEmus.' }, reason: 'role-label' },
  { filter: 'role-label', row: { response: 'The user: a person who uses a thing.' } },
  { filter: 'continued-task', row: { response: 'Kiwis.\n\nTask 7: Name three fish.' }, reason: 'continued-task' },
  { filter: 'continued-task', row: { response: 'Kiwis.\nQuestion: what is a fish?' }, reason: 'continued-task' },
  { filter: 'continued-task', row: { response: 'Kiwis.\n\nWhat is a fish?\nAn animal.' }, reason: 'continued-task' },
  { filter: 'continued-task', row: { response: 'Kiwis.\n\n### Instruction:\nName fish.' }, reason: 'continued-task' },
  { filter: 'continued-task', row: { response: 'Kiwis.\n\n### Where they live\nOn islands.' } },
  { filter: 'continued-task', row: { response: 'Kiwis.\n\nShall I name more?' } },
  { filter: 'continued-task', row: { response: 'Kiwis. Do you want more?' } },
  {
    filter: 'continued-task',
    row: {
      instruction: 'Write two interview questions for a baker.',
      response: 'First:\n\nWhy bread?\n\nWhy not cake?\nGood luck.',
    },
  },
  { filter: 'answer-options', row: { response: 'A. Kiwi\nB. Robin\nC. Wren' }, reason: 'answer-options' },
  { filter: 'answer-options', row: { response: '(a) Kiwi\n(b) Robin' }, reason: 'answer-options' },
  { filter: 'answer-options', row: { response: 'Flightless birds, e.g. kiwis, i.e. plan B. Vitamin C. helps.' } },
  {
    filter: 'answer-options',
    row: { instruction: 'Write a multiple-choice question on birds.', response: 'A. Kiwi\nB. Wren' },
  },
  { filter: 'foreign-script', row: { response: 'Kiwis 不会飞.' }, reason: 'foreign-script' },
  { filter: 'foreign-script', row: { instruction: 'Translate "bird" into Chinese, please.', response: '鸟' } },
  { filter: 'foreign-script', row: { response: 'Les kiwis, très gentils.' } },
  { filter: 'repetitive-response', row: { response: quadruples }, reason: 'repetitive-response' },
  { filter: 'courtesy', row: { response: "Sure, I'd be happy to name three birds: emus …" }, reason: 'courtesy' },
  { filter: 'courtesy', row: { response: "I'm here to help. Ostriches cannot fly." }, reason: 'courtesy' },
  { filter: 'courtesy', row: { response: `${longWords(30)} and they are happy to run.` } },
  {
    filter: 'courtesy',
    row: {
      instruction: 'Reply to "happy to meet you" in German.',
      response: 'Happy to meet you, too: freut mich auch.',
    },
  },
  { filter: 'refusal', row: { response: "I'm sorry, but I cannot name birds." }, reason: 'refusal' },
  { filter: 'refusal', row: { response: 'As an AI language model I have seen no birds.' }, reason: 'refusal' },
  { filter: 'refusal', row: { response: "I can't help with birds." }, reason: 'refusal' },
  { filter: 'refusal', row: { response: 'I am an ostrich, and I cannot fly.' } },
  { filter: 'refusal', row: { response: `${longWords(30)}, said as an AI would.` } },
  { filter: 'repetitive-response', row: { response: longWords(60) } },
  { filter: 'repetitive-response', row: { response: 'no no no no no' } },
  { filter: 'copied-response', row: { response: 'name three birds that cannot fly.' }, reason: 'copied-response' },
  {
    filter: 'copied-response',
    row: { input: 'He go home at six.', response: 'He go home at six.' },
    reason: 'copied-response',
  },
  { filter: 'copied-response', row: { response: 'birds fly' } },
  { filter: 'copied-response', row: { response: plain.response } },
  {
    filter: 'contamination',
    row: { instruction: 'Tell me: how many legs does a common garden spider have?' },
    reason: 'contaminated',
  },
  {
    filter: 'contamination',
    row: { response: 'HOW many legs\ndoes a common (garden) spider have' },
    reason: 'contaminated',
  },
  { filter: 'contamination', row: { instruction: 'How many legs does a common garden snail have?' } },
  {
    filter: 'unmet-constraint',
    row: { constraints: [{ family: 'no-commas', parameters: {} }] },
    reason: 'unmet-constraint',
  },
  { filter: 'unmet-constraint', row: { constraints: [{ family: 'words-at-most', parameters: { words: 9 } }] } },
];

describe.each(filterNames)('the filter %s', (name) => {
  const filter = filters[name];
  const cases = [...taskCases, ...pairCases].filter((one) => one.filter === name);

  it('is known by its name', () => {
    expect(filter.name).toBe(name);
  });

  it('rejects and lets pass as the table says', () => {
    // Those in the paper's form have a table of their own.
    const isElsewhere = name.startsWith('paper-');
    expect(isElsewhere || cases.some((one) => one.reason !== undefined)).toBe(true);
    expect(isElsewhere || cases.some((one) => one.reason === undefined)).toBe(true);
    for (const { row, reason } of cases) {
      expect(filter.check({ ...plain, ...row }), JSON.stringify(row)).toBe(reason);
    }
  });

  it('does not choke on long runs of anything', () => {
    const start = performance.now();
    for (const piece of [
      '\n',
      ' ',
      '\n ',
      '#',
      '[',
      '<',
      'your ',
      '[your ',
      'a',
      '?',
      '. ',
      '\n\n?',
      'A. ',
      'task ',
      'do you ',
      'x Input',
      'no input'.slice(0, -1),
      '中',
    ]) {
      const text = piece.repeat(4000);
      filter.check({ instruction: text, input: text, response: text, stop: 'end', constraints: [] });
    }
    // A pattern that backtracks without bound takes minutes here, others milliseconds.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('lets an ordinary pair pass', () => {
    expect(filter.check(plain)).toBeUndefined();
  });
});

it('has every filter that is no rule of the paper among the defaults, but for those that rows or files call for', () => {
  const own = filterNames.filter((name) => !name.startsWith('paper-'));
  expect([...filterLists.default, 'unmet-constraint', 'contamination']).toEqual(own);
});
