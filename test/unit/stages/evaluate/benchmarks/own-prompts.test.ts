import { describe, expect, test } from 'vitest';

import { isExpected, ownPrompts } from '../../../../../src/stages/evaluate/benchmarks/own-prompts.js';
import { fileOf, metricOf, scoringTools, settings } from '../../../../support/evaluate.js';
import { FakeModel, promptText } from '../../../../support/fake-model.js';

const rows = [
  { id: 'capital', prompt: 'What is the capital of France?', expected: ['Paris'] },
  {
    id: 'letter',
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Write to my landlord.' },
    ],
    rubric: 'Is polite.',
    reference: 'Dear landlord',
  },
  { id: 'both', prompt: 'Name a prime.', expected: '\\b[2357]\\b', match: 'regex', rubric: 'Names one.' },
];
const items = () => ownPrompts.readItems({ data: fileOf(rows) }, settings);

test.each([
  ['Paris', 'Paris', 'exact', true],
  [' "paris." ', 'Paris', 'exact', true],
  ['It is Paris', 'Paris', 'exact', false],
  ['-3', '3', 'exact', false],
  ['3.5', '3.5', 'exact', true],
  ['It is   PARIS, of course', 'paris', 'contains', true],
  ['The Parisian way', 'Paris', 'contains', false],
  ['In 1300 or 30', '30', 'contains', true],
  ['In 1300', '30', 'contains', false],
  ['About 30.5', '30', 'contains', false],
  ['About 30.', '30', 'contains', true],
  ['About 2.5', '5', 'contains', false],
  ['1,250 euros', '250', 'contains', false],
  ['first, 5', '5', 'contains', true],
  ['I write C++ daily', 'c++', 'contains', true],
  ['Café', 'cafe\u0301', 'contains', true],
  ['the number 17', '\\b1\\d\\b', 'regex', true],
  ['Seventeen', 'SEVEN', 'regex', true],
  ['', 'a', 'contains', false],
] as const)('%j against %j by %s: %s', (answer, expected, match, isRight) => {
  expect(isExpected(answer, [expected], match)).toBe(isRight);
});

test('one of several expected answers is enough', () => {
  expect(isExpected('a rook', ['a wren', 'a rook'], 'exact')).toBe(true);
});

test('prompts are asked as chat messages, greedily', async () => {
  const model = new FakeModel({ write: () => 'Paris.' });
  const answers = await ownPrompts.answer(items(), model, settings, {});
  expect(answers).toEqual(rows.map(() => ({ response: 'Paris.' })));
  expect(model.generated[0]?.[1]?.prompt).toEqual({ messages: rows[1]?.messages });
  expect(model.generated[0]?.[0]?.sampling.temperature).toBe(0);
});

test('expected answers need no judge, rubrics do', async () => {
  const [capital, ...others] = items();
  if (capital === undefined) throw new Error('no item');
  expect(ownPrompts.needsJudge?.([capital])).toBe(false);
  expect(ownPrompts.needsJudge?.(others)).toBe(true);
  const results = await ownPrompts.score([capital], [{ response: 'It is Paris.' }], scoringTools());
  expect(results[0]).toMatchObject({ shares: { accuracy: { value: 100, weight: 1 } } });
  await expect(ownPrompts.score(others, [{ response: '' }, { response: '' }], scoringTools())).rejects.toThrow(
    /needs a judge/,
  );
});

test('a judge grades by the rubric, and sees conversation and reference', async () => {
  const grades = ['Polite. Grade: [[9]]', 'Hm.'];
  const judge = new FakeModel({ write: () => grades.shift() ?? '' });
  const answers = [{ response: 'Lyon' }, { response: 'Dear Sir' }, { response: '7' }];
  const results = await ownPrompts.score(items(), answers, scoringTools(judge));
  expect(['accuracy', 'rubric', 'unjudged'].map((name) => metricOf(results, name))).toEqual([50, 9, 50]);
  const [letter, both] = judge.generated[0]?.map(promptText) ?? [];
  for (const part of ['Set-up:\nBe short.', 'Write to my landlord.', 'Dear Sir', 'Is polite.', 'Dear landlord']) {
    expect(letter).toContain(part);
  }
  expect(both).not.toContain('An answer that would be good');
});

test('an answer that failed is wrong, has the lowest grade and says why', async () => {
  const failed = { id: 'both', error: { code: 'bad-input' as const, message: 'too long' } };
  const results = await ownPrompts.score(items().slice(2), [failed], scoringTools(new FakeModel()));
  expect(results[0]).toMatchObject({
    shares: { accuracy: { value: 0, weight: 1 }, rubric: { value: 1, weight: 1 } },
    details: { reason: 'too long' },
  });
});

describe('bad lines are refused, all at once', () => {
  test('of the prompts', () => {
    const bad = [
      { id: 'a', prompt: 'x' },
      { id: 'b', prompt: 'x', messages: [{ role: 'user', content: 'x' }], expected: 'y' },
      { id: 'c', messages: [{ role: 'assistant', content: 'x' }], expected: 'y' },
      { id: 'd', prompt: 'x', expected: [] },
      { id: 'e', prompt: 'x', expected: 'y', match: 'fuzzy' },
      { id: 'e', prompt: 'x', expected: 'y' },
      { id: 'e', prompt: 'x', expected: 'y' },
    ];
    const read = () => ownPrompts.readItems({ data: fileOf(bad) }, settings);
    expect(read).toThrow(/6 bad lines/);
    expect(read).toThrow(
      /:1: needs expected, a rubric, or both.*:2: needs either.*:3: messages must end.*:4: expected.*:5: match.*:7: id "e"/,
    );
    const patterns = fileOf([{ id: 'a', prompt: 'x', expected: '(', match: 'regex' }]);
    expect(() => ownPrompts.readItems({ data: patterns }, settings)).toThrow(/:1: Invalid regular expression/);
    expect(() => ownPrompts.readItems({ data: fileOf([]) }, settings)).toThrow(/is empty/);
  });

  test('of the answers', () => {
    const answers = fileOf([
      { id: 'capital', response: 'Paris' },
      { id: 'nobody', response: '' },
    ]);
    expect(() => ownPrompts.readAnswers?.(answers, items())).toThrow(/no item "nobody"/);
    const good = fileOf([
      { id: 'both', response: '2' },
      { id: 'capital', response: 'Paris' },
    ]);
    expect(ownPrompts.readAnswers?.(good, items()).items.map(({ id }) => id)).toEqual(['capital', 'both']);
  });
});
