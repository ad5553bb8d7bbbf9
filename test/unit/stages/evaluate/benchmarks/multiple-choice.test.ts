// Each multiple-choice benchmark: how its rows become what is scored, and what is made of the scores.
import { describe, expect, it } from 'vitest';

import { toJsonLines } from '../../../../../src/shared/jsonl.js';
import type { Benchmark, EvaluateSettings } from '../../../../../src/stages/evaluate/benchmark.js';
import { arcChallenge, arcEasy } from '../../../../../src/stages/evaluate/benchmarks/arc.js';
import { boolq } from '../../../../../src/stages/evaluate/benchmarks/boolq.js';
import { commonsenseqa } from '../../../../../src/stages/evaluate/benchmarks/commonsenseqa.js';
import { hellaswag } from '../../../../../src/stages/evaluate/benchmarks/hellaswag.js';
import { mmlu } from '../../../../../src/stages/evaluate/benchmarks/mmlu.js';
import { openbookqa } from '../../../../../src/stages/evaluate/benchmarks/openbookqa.js';
import { piqa } from '../../../../../src/stages/evaluate/benchmarks/piqa.js';
import { siqa } from '../../../../../src/stages/evaluate/benchmarks/siqa.js';
import { winogrande } from '../../../../../src/stages/evaluate/benchmarks/winogrande.js';
import type { ChoiceItem, ChoiceScores } from '../../../../../src/stages/evaluate/multiple-choice.js';
import { FakeModel } from '../../../../support/fake-model.js';
import { temporaryFile } from '../../../../support/temporary-folder.js';

type ChoiceBenchmark = Benchmark<ChoiceItem, ChoiceScores>;
const settings: EvaluateSettings = { seed: 1 };

function read(benchmark: ChoiceBenchmark, rows: readonly object[], more: Partial<EvaluateSettings> = {}): ChoiceItem[] {
  return benchmark.readItems({ data: temporaryFile('data.jsonl', toJsonLines(rows)) }, { ...settings, ...more });
}

const labelled = (texts: string[]) => ({ text: texts, label: texts.map((_, i) => 'ABCDE'.charAt(i)) });
const colours = ['red', 'green', 'blue', 'grey', 'pink'];
const question = 'Which colour has grass?';

/** Of each benchmark and form: a row, the first choice's context and text, the others' texts, and the gold answer. */
const forms: [string, ChoiceBenchmark, object, { id: string; contexts: string[]; texts: string[]; gold: number }][] = [
  [
    'arc-easy',
    arcEasy,
    { id: 'G1', question, choices: labelled(colours.slice(0, 3)), answerKey: 'B' },
    { id: 'G1', contexts: [`Question: ${question}\nAnswer:`], texts: ['red', 'green', 'blue'], gold: 1 },
  ],
  [
    'arc-challenge with numbers as labels',
    arcChallenge,
    { id: 'G2', question, choices: { text: ['red', 'green'], label: ['1', '2'] }, answerKey: '2' },
    { id: 'G2', contexts: [`Question: ${question}\nAnswer:`], texts: ['red', 'green'], gold: 1 },
  ],
  [
    'arc-challenge as llm-foundry has it',
    arcChallenge,
    { query: `Question: ${question}`, choices: ['red', 'green'], gold: 1 },
    { id: '0', contexts: [`Question: ${question}\nAnswer:`], texts: ['red', 'green'], gold: 1 },
  ],
  [
    'piqa',
    piqa,
    { goal: 'Dry a cup', sol1: 'Use a towel.', sol2: 'Use a hose.', label: 0 },
    { id: '0', contexts: ['Question: Dry a cup\nAnswer:'], texts: ['Use a towel.', 'Use a hose.'], gold: 0 },
  ],
  [
    'boolq',
    boolq,
    { question: 'is grass green', answer: true, passage: 'Grass is green.' },
    { id: '0', contexts: ['Grass is green.\nQuestion: is grass green?\nAnswer:'], texts: ['no', 'yes'], gold: 1 },
  ],
  [
    'boolq as SuperGLUE has it',
    boolq,
    { question: 'is grass red', label: 0, passage: 'Grass is green.', idx: 7 },
    { id: '0', contexts: ['Grass is green.\nQuestion: is grass red?\nAnswer:'], texts: ['no', 'yes'], gold: 0 },
  ],
  [
    'hellaswag',
    hellaswag,
    {
      ...{ ind: 4, activity_label: 'Tea', ctx_a: '[header] How to make tea [title] Boil water.', ctx_b: 'the Cook' },
      ...{ endings: ['pours  it [step] out.', ' sings. '], label: '0' },
    },
    { id: '4', contexts: ['Tea: How to make tea. Boil water. The cook'], texts: ['pours it out.', 'sings.'], gold: 0 },
  ],
  [
    'hellaswag that is prepared already',
    hellaswag,
    { ind: 5, query: 'Tea: He', choices: ['pours.', 'sings.'], gold: 1 },
    { id: '5', contexts: ['Tea: He'], texts: ['pours.', 'sings.'], gold: 1 },
  ],
  [
    'winogrande',
    winogrande,
    { sentence: 'Ann thanked Bea because _ had helped.', option1: 'Ann', option2: 'Bea', answer: '2' },
    {
      ...{ id: '0', texts: ['had helped.', 'had helped.'], gold: 1 },
      contexts: ['Ann thanked Bea because Ann', 'Ann thanked Bea because Bea'],
    },
  ],
  [
    'openbookqa',
    openbookqa,
    { id: '7-1', question_stem: 'Grass is', choices: labelled(['red', 'green']), answerKey: ' B' },
    { id: '7-1', contexts: ['Grass is'], texts: ['red', 'green'], gold: 1 },
  ],
  [
    'openbookqa as its authors have it',
    openbookqa,
    {
      ...{ id: '7-2', answerKey: 'A' },
      question: {
        stem: 'Grass is',
        choices: [
          { text: 'green', label: 'A' },
          { text: 'red', label: 'B' },
        ],
      },
    },
    { id: '7-2', contexts: ['Grass is'], texts: ['green', 'red'], gold: 0 },
  ],
  [
    'commonsenseqa',
    commonsenseqa,
    { id: 'c', question: ` ${question}`, choices: labelled(colours), answerKey: 'B' },
    {
      ...{ id: 'c', texts: ['A', 'B', 'C', 'D', 'E'], gold: 1 },
      contexts: [`Question: ${question}\nA. red\nB. green\nC. blue\nD. grey\nE. pink\nAnswer:`],
    },
  ],
  [
    'siqa',
    siqa,
    { context: 'Ann fell.', question: 'How is she?', answerA: 'glad', answerB: 'hurt', answerC: 'rich', label: '2' },
    { id: '0', contexts: ['Q: Ann fell. How is she?\nA:'], texts: ['glad', 'hurt', 'rich'], gold: 1 },
  ],
  [
    'mmlu',
    mmlu,
    { question, subject: 'plant_care', choices: colours.slice(0, 4), answer: 1 },
    {
      ...{ id: '0', texts: ['A', 'B', 'C', 'D'], gold: 1 },
      contexts: [
        'The following are multiple choice questions (with answers) about plant care.\n\n' +
          `${question}\nA. red\nB. green\nC. blue\nD. grey\nAnswer:`,
      ],
    },
  ],
];

describe.each(forms)('%s', (_, benchmark, row, expected) => {
  it('puts its choices as lm-evaluation-harness does', () => {
    const [item] = read(benchmark, [row]);
    expect(item?.choices.map(({ text }) => text)).toEqual(expected.texts);
    expect([...new Set(item?.choices.map(({ context }) => context))]).toEqual(expected.contexts);
    expect({ id: item?.id, gold: item?.gold }).toEqual({ id: expected.id, gold: expected.gold });
  });
});

describe('a bad file', () => {
  const good = { id: 'a', question, choices: labelled(['red', 'green']), answerKey: 'B' };
  it('is refused with every bad line, whatever is wrong with it', () => {
    const rows = [
      good,
      { ...good, id: 'b', answerKey: 'F' },
      { ...good, id: 'c', question: undefined },
      { ...good },
      { id: 'd', query: 'Question: What?', choices: ['one'], gold: 0 },
      { query: 'Question: What?', choices: ['one', ''], gold: 0 },
    ];
    const refusal = () => read(arcEasy, rows);
    expect(refusal).toThrow(/5 bad lines/);
    expect(refusal).toThrow(/:2: the right answer is none of the 2 choices;/);
    expect(refusal).toThrow(/:3: question is missing;/);
    expect(refusal).toThrow(/:4: id "a" is that of line 1 already;/);
    expect(refusal).toThrow(/:5: there must be two choices at least; there are 1;/);
    expect(refusal).toThrow(/:6: a choice is empty/);
  });

  it('is refused where it is empty', () => {
    expect(() => read(piqa, [])).toThrow(/holds no items/);
  });
});

describe('labels that stand apart', () => {
  const rows = toJsonLines([0, 1].map((i) => ({ goal: `Goal ${i}`, sol1: 'a', sol2: 'b' })));
  const readWith = (labels: string | undefined) => {
    const data = temporaryFile('valid.jsonl', rows);
    return piqa.readItems({ data, ...(labels !== undefined && { labels: temporaryFile('l.lst', labels) }) }, settings);
  };

  it('tell the right choices in the order of the items', () => {
    expect(readWith('1\n0\n').map(({ gold }) => gold)).toEqual([1, 0]);
  });

  it('must be there, be labels, and be as many as items', () => {
    expect(() => readWith(undefined)).toThrow(/item 0 says not which choice is right/);
    expect(() => readWith('1\n2\nx\n')).toThrow(/l\.lst:2: "2"; .*l\.lst:3: "x"/);
    expect(() => readWith('1\n')).toThrow(/has 1 labels and there are 2 items/);
  });
});

describe('CSV of the form of MMLU', () => {
  const readCsv = (text: string) => mmlu.readItems({ data: temporaryFile('plant_care_test.csv', text) }, settings);

  it('has its subject in its name, and quoted fields', () => {
    const [item] = readCsv('"Is ""it"", or\nnot?",yes,no,B\n');
    expect(item?.gold).toBe(1);
    expect(item?.choices[0]?.context).toMatch(/about plant care\.\n\nIs "it", or\nnot\?\nA\. yes\nB\. no\nAnswer:$/);
  });

  it('is refused with every bad row', () => {
    const refusal = () => readCsv('"a\nb",yes,no,B\nQ,yes,no,C\nQ,B\n"Q,yes,no,A\n');
    expect(refusal).toThrow(
      /csv:3: the right answer is none of the 2 choices; .*csv:4: .*it has 2 fields; .*csv:5: a quoted/,
    );
  });
});

describe('examples', () => {
  const rows = Array.from({ length: 6 }, (_, i) => ({ goal: `Goal ${i}`, sol1: 'a', sol2: 'b', label: i % 2 }));

  it('stand before the item, answered, the same ones for all but where one is the item itself', () => {
    const items = read(piqa, rows, { shots: 2 });
    const before = items.map(({ choices }) => (choices[0]?.context ?? '').split('\n\n').slice(0, -1));
    items.forEach((_, i) => {
      expect(before[i]).toHaveLength(2);
      expect(before[i]?.join()).not.toContain(`Goal ${i}\n`);
      before[i]?.forEach((text) =>
        expect(text).toMatch(/^Question: Goal [024]\nAnswer: a$|^Question: Goal [135]\nAnswer: b$/),
      );
    });
    expect(new Set(before.map((texts) => texts.join())).size).toBeLessThanOrEqual(3);
    expect(read(piqa, rows, { shots: 2 })).toEqual(items);
    expect(read(piqa, rows, { shots: 2, seed: 2 })).not.toEqual(items);
  });

  it('come from their own file where one is given, and are never too few', () => {
    const data = temporaryFile('data.jsonl', toJsonLines(rows.slice(0, 1)));
    const examples = temporaryFile('examples.jsonl', toJsonLines(rows.slice(0, 3)));
    expect(() => piqa.readItems({ data, examples }, { seed: 1, shots: 3 })).toThrow(
      /has 2 examples for an item, and 3/,
    );
    const shown = piqa.readItems({ data, examples }, { seed: 1, shots: 2 });
    expect(shown[0]?.choices[0]?.context.match(/Goal \d/g)?.sort()).toEqual(['Goal 0', 'Goal 1', 'Goal 2']);
  });

  it('are of the same subject', () => {
    const of = (subject: string, i: number) => ({
      question: `${subject} ${i}?`,
      subject,
      choices: ['a', 'b'],
      answer: 0,
    });
    const items = read(mmlu, [of('x', 0), of('y', 0), of('x', 1), of('y', 1)], { shots: 1 });
    expect(items[0]?.choices[0]?.context).toContain('about x.\n\nx 1?\nA. a\nB. b\nAnswer: A\n\nx 0?');
  });
});

describe('what is made of log-probabilities', () => {
  const row = { goal: 'Go ', sol1: 'walk', sol2: 'ééééé', label: 1 };
  const logprobs: Record<string, number> = { ' walk': -4, ' ééééé': -4.5 };
  const model = (fails = false) =>
    new FakeModel({ read: ({ continuation }) => ({ logprob: logprobs[continuation] ?? NaN }), fails: () => fails });

  it('is the best sum, and the best by characters and by bytes', async () => {
    const items = read(piqa, [row]);
    const answers = await piqa.answer(items, model(), settings, {});
    expect(answers).toEqual([[-4, -4.5]]);
    const [result] = await piqa.score(items, answers, { settings, call: {}, files: {} });
    expect(result?.shares).toEqual({
      acc: { value: 0, weight: 1 },
      acc_norm: { value: 100, weight: 1 },
      acc_bytes: { value: 100, weight: 1 },
    });
    expect(result?.details).toEqual({ gold: 1, chosen: { acc: 0, acc_norm: 1, acc_bytes: 1 }, logprobs: [-4, -4.5] });
  });

  it('is the first choice of equal ones', async () => {
    const items = read(piqa, [row]);
    const [result] = await piqa.score(items, [[-8, -8]], { settings, call: {}, files: {} });
    expect(result?.details.chosen).toMatchObject({ acc: 0 });
  });

  it('is wrong where a choice could not be scored, and says why', async () => {
    const items = read(piqa, [row]);
    const answers = await piqa.answer(items, model(true), settings, {});
    const [result] = await piqa.score(items, answers, { settings, call: {}, files: {} });
    expect(result?.shares.acc).toEqual({ value: 0, weight: 1 });
    expect(result?.details.error).toMatch(/too long/);
  });

  it('counts white space at the end of the context to the choice', async () => {
    const items = read(openbookqa, [
      { id: 'a', question_stem: 'Grass is ', choices: labelled(['red', 'green']), answerKey: 'B' },
    ]);
    const asked = model();
    await openbookqa.answer(items, asked, settings, {});
    expect(asked.scored[0]?.map(({ prompt, continuation }) => [prompt, continuation])).toEqual([
      [{ text: 'Grass is' }, '  red'],
      [{ text: 'Grass is' }, '  green'],
    ]);
  });

  it('is not had from a model that does not tell them', async () => {
    const silent = Object.assign(model(), { canScore: () => Promise.resolve(false) });
    await expect(piqa.answer(read(piqa, [row]), silent, settings, {})).rejects.toThrow(/piqa reads log-probabilities/);
  });
});
