import { describe, expect, test } from 'vitest';

import { mtBench } from '../../../../../src/stages/evaluate/benchmarks/mt-bench.js';
import { ownTemplates } from '../../../../../src/stages/evaluate/judging/mt-bench-judge.js';
import { parseRating } from '../../../../../src/stages/evaluate/judging/rate.js';
import { fileOf, metricOf, scoringTools, settings } from '../../../../support/evaluate.js';
import { FakeModel, promptText } from '../../../../support/fake-model.js';

const questions = [
  { question_id: 7, category: 'writing', turns: ['Write a line about rain.', 'Now without the letter r.'] },
  { question_id: 8, category: 'math', turns: ['What is 2 + 2?', 'And squared?'] },
];
const references = [{ question_id: 8, choices: [{ index: 0, turns: ['4', '16'] }] }];
const files = () => ({ data: fileOf(questions), references: fileOf(references, 'references.jsonl') });
const items = () => mtBench.readItems(files(), settings);
const judgement = (question_id: number, turn: number, score: number, more = {}) => ({
  ...{ question_id, turn, score, model: 'a-model', judgment: `Fine. Rating: [[${score}]]` },
  ...more,
});

test('references go with math, coding and reasoning only', () => {
  expect(items()).toEqual([
    { id: '7', category: 'writing', turns: questions[0]?.turns },
    { id: '8', category: 'math', turns: questions[1]?.turns, references: ['4', '16'] },
  ]);
});

test('the second turn sees the first answer, at the temperature of the category', async () => {
  const model = new FakeModel({ write: (request) => `answer to ${promptText(request).split('\n').at(-1)}` });
  const answers = await mtBench.answer(items(), model, settings, {});
  expect(answers[1]).toEqual({ responses: ['answer to What is 2 + 2?', 'answer to And squared?'] });
  const [first, second] = model.generated;
  expect(first?.map(({ sampling }) => sampling.temperature)).toEqual([0.7, 0]);
  expect(second?.[1]?.prompt).toEqual({
    messages: [
      { role: 'user', content: 'What is 2 + 2?' },
      { role: 'assistant', content: 'answer to What is 2 + 2?' },
      { role: 'user', content: 'And squared?' },
    ],
  });
  expect(first?.[0]?.seed).not.toBe(second?.[0]?.seed);
});

test('a model without a chat template gets the conversation as plain text', async () => {
  const model = new FakeModel({ hasChatTemplate: false, write: () => 'Four.' });
  await mtBench.answer(items().slice(1), model, settings, {});
  const second = model.generated[1]?.[0]?.prompt;
  expect(second).toEqual({ text: 'Task:\nWhat is 2 + 2?\n\nAnswer:\nFour.\n\nTask:\nAnd squared?\n\nAnswer:\n' });
});

test('grades go to their turn, their category and the average', async () => {
  const answers = questions.map(() => ({ responses: ['one', 'two'] }));
  const grades = [10, 8, 3, 2.5];
  const judge = new FakeModel({ write: () => `Good enough. Grade: [[${grades.shift()}]]` });
  const results = await mtBench.score(items(), answers, scoringTools(judge));
  const values = ['average', 'turn_1', 'turn_2', 'writing', 'math', 'unjudged', 'stem'].map((name) =>
    metricOf(results, name),
  );
  expect(values).toEqual([5.875, 6.5, 5.25, 9, 2.75, 0, NaN]);
  const [plain, , math, mathSecond] = judge.generated[0]?.map(promptText) ?? [];
  expect(plain).not.toContain('Correct answer');
  expect(math).toContain('Correct answer:\n4\n');
  expect(mathSecond).toMatch(/Correct second answer:\n16[^]*Second answer of the assistant:\ntwo$/);
});

test('nonsense of the judge is -1, counted, and left out of the means', async () => {
  const answers = questions.map(() => ({ responses: ['one', 'two'] }));
  const grades = ['[[6]]', 'I would say seven.', '[[70]]', '[[2]]'];
  const judge = new FakeModel({ write: () => grades.shift() ?? '' });
  const results = await mtBench.score(items(), answers, scoringTools(judge));
  expect(results.map(({ details }) => details.ratings)).toEqual([
    [6, -1],
    [-1, 2],
  ]);
  expect(metricOf(results, 'average')).toBe(4);
  expect(metricOf(results, 'unjudged')).toBe(50);
});

test('a turn that failed has the lowest grade, without a judge', async () => {
  const error = { code: 'bad-input' as const, message: 'too long' };
  const answers = [
    { id: '7', error },
    { responses: ['four'], failure: 'too long' },
  ];
  const judge = new FakeModel({ write: () => '[[9]]' });
  const results = await mtBench.score(items(), answers, scoringTools(judge));
  expect(results.map(({ details }) => details.ratings)).toEqual([
    [1, 1],
    [9, 1],
  ]);
  const failing = new FakeModel({ fails: ({ id }) => id === '8/2' || id === '7/1', write: () => 'four' });
  const given = await mtBench.answer(items(), failing, settings, {});
  expect(given).toMatchObject([
    { id: '7', error: {} },
    { responses: ['four'], failure: 'request 8/2 is too long' },
  ]);
});

test('published judgements are read from the judge’s words, without a judge', async () => {
  const rows = [
    judgement(8, 2, 4),
    judgement(7, 1, 9),
    judgement(8, 1, -1, { judgment: 'None.' }),
    judgement(7, 2, 8.5),
  ];
  const given = mtBench.readAnswers?.(fileOf(rows), items()) ?? { items: [], answers: [] };
  expect(mtBench.needsJudge?.(given.items, given.answers)).toBe(false);
  const results = await mtBench.score(given.items, given.answers, scoringTools());
  expect(results.map(({ details }) => details.ratings)).toEqual([
    [9, 8.5],
    [-1, 4],
  ]);
  expect(metricOf(results, 'average')).toBeCloseTo(21.5 / 3, 12);
});

test('answers come as a model_answer file, or by id', () => {
  const official = fileOf([{ question_id: 8, model_id: 'm', choices: [{ index: 0, turns: ['a', 'b'] }] }]);
  const own = fileOf([{ id: '8', response: ['a', 'b'] }]);
  for (const file of [official, own]) {
    expect(mtBench.readAnswers?.(file, items())).toMatchObject({
      items: [{ id: '8' }],
      answers: [{ responses: ['a', 'b'] }],
    });
  }
});

describe('bad input is refused, all of it at once', () => {
  test.each([
    [
      'judgements of two models',
      [judgement(7, 1, 9), judgement(7, 2, 9, { model: 'other' })],
      /judgements of 2 models: a-model, other/,
    ],
    [
      'one turn only',
      [judgement(7, 1, 9), judgement(8, 1, 9), judgement(8, 2, 9)],
      /question 7 has a judgement of one turn/,
    ],
    [
      'a score that the words do not have',
      [judgement(7, 1, 9, { score: 3 }), judgement(7, 2, 9)],
      /the score is 3, but the judge's words say 9/,
    ],
    [
      'what repeats or is unknown',
      [judgement(7, 1, 9), judgement(7, 1, 9), judgement(5, 1, 9)],
      /2 problems .*already; .*no item "5"/,
    ],
    ['one turn in an answer', [{ question_id: 7, choices: [{ turns: ['a'] }] }], /choices\.0\.turns/],
  ])('%s', (_name, rows, message) => {
    expect(() => mtBench.readAnswers?.(fileOf(rows), items())).toThrow(message);
  });

  test('questions that repeat, categories that do not exist, references that lack', () => {
    const read = (rows: object[]) => () =>
      mtBench.readItems({ data: fileOf(rows), references: fileOf(references, 'r.jsonl') }, settings);
    expect(read([...questions, questions[0] as object])).toThrow(/:3: "7" is that of .*:1 already/);
    expect(read([{ question_id: 1, category: 'poetry', turns: ['a', 'b'] }])).toThrow(/category/);
    expect(read([...questions, { ...questions[1], question_id: 9 }])).toThrow(/no answer to question 9 \(math\)/);
  });

  test('templates that lack a place, or lack altogether', () => {
    const rows = Object.entries(ownTemplates).map(([name, { system, user }]) => ({
      name,
      system_prompt: system,
      prompt_template: user,
    }));
    const bad = fileOf(
      rows.slice(1).map((row) => ({ ...row, prompt_template: row.prompt_template.replace('{answer_2}', '') })),
      't.jsonl',
    );
    expect(() => mtBench.readItems({ ...files(), judgePrompts: bad }, settings)).toThrow(
      /3 problems .*no template single-v1; single-v1-multi-turn has no \{answer_2\}; single-math-v1-multi-turn has no/,
    );
  });
});

test.each([
  ['So [1] it is. Rating: [[8]]', 8],
  ['Rating: [7.5]', 7.5],
  ['[[9]] or rather [[2]]', 9],
  ['[[ 9 ]]', -1],
  ['Rating: 9', -1],
  ['[[0]]', -1],
  ['[[11]]', -1],
  ['', -1],
])('the rating of %j is %d', (text, rating) => {
  expect(parseRating(text)).toBe(rating);
});
