import { describe, expect, test } from 'vitest';

import { winRate } from '../../../../../src/stages/evaluate/benchmarks/win-rate.js';
import { compareAnswers, parseLetter } from '../../../../../src/stages/evaluate/compare-answers.js';
import { fileOf, metricOf, scoringTools, settings } from '../../../../support/evaluate.js';
import { FakeModel, type FakeModelOptions, promptText } from '../../../../support/fake-model.js';

const tasks = ['a', 'b', 'c', 'd'].map((id) => ({ id, instruction: `Name bird ${id}.`, input: '' }));
const baselineRows = tasks.map(({ id }) => ({ id, response: 'a wren' }));
const items = () =>
  winRate.readItems({ data: fileOf(tasks), baseline: fileOf(baselineRows, 'baseline.jsonl') }, settings);
const compared = { id: 'a', instruction: 'Name a bird.', answer: 'a rook', baseline: 'a wren' };

/** A judge that only writes, as an endpoint without log-probabilities. */
class WritingJudge extends FakeModel {
  constructor(write: FakeModelOptions['write']) {
    super({ ...(write && { write }) });
  }
  canScore(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

/** Log-odds of A, given which answer is A. */
function letterJudge(logOdds: (isAnswerFirst: boolean, text: string) => number): FakeModel {
  return new FakeModel({
    read: (request) => {
      const text = promptText(request);
      const odds = logOdds(text.indexOf('rook') < text.indexOf('wren'), text);
      return { nextLogprobs: [-1 + odds, -1] };
    },
  });
}

describe('a judge whose probabilities can be read', () => {
  test('decides by the mean of both orders, so that what it adds to a letter does not count', async () => {
    // 3 for A whatever it is, and 0.5 for the rook.
    const judge = letterJudge((isAnswerFirst) => 3 + (isAnswerFirst ? 0.5 : -0.5));
    const [result] = await compareAnswers(judge, [compared]);
    expect(result).toMatchObject({ verdict: 'win', ordersAgree: false });
    expect(result?.logOdds?.[0]).toBeCloseTo(3.5, 12);
    expect(result?.logOdds?.[1]).toBeCloseTo(-2.5, 12);
    const swapped = { ...compared, answer: compared.baseline, baseline: compared.answer };
    expect((await compareAnswers(judge, [swapped]))[0]?.verdict).toBe('loss');
  });

  test('is asked twice an item, with the answers exchanged', async () => {
    const judge = letterJudge((isAnswerFirst) => (isAnswerFirst ? 1 : -1));
    const progress: number[] = [];
    const [result] = await compareAnswers(judge, [compared], { onProgress: ({ done }) => progress.push(done) });
    expect(result).toMatchObject({ verdict: 'win', ordersAgree: true });
    const [first, second] = judge.scored[0]?.map(promptText) ?? [];
    expect(first).toContain('Answer A:\na rook\n\nAnswer B:\na wren');
    expect(second).toContain('Answer A:\na wren\n\nAnswer B:\na rook');
    expect(progress).toEqual([1]);
  });

  test('that gives neither letter decides nothing; of one that is not listed the other wins', async () => {
    const silent = new FakeModel({ read: () => ({ nextLogprobs: [-Infinity, -Infinity] }) });
    expect((await compareAnswers(silent, [compared]))[0]).toMatchObject({ verdict: undefined, ordersAgree: undefined });
    const sure = letterJudge((isAnswerFirst) => (isAnswerFirst ? Infinity : -Infinity));
    expect((await compareAnswers(sure, [compared]))[0]).toMatchObject({ verdict: 'win', logOdds: [30, 30] });
  });
});

describe('a judge that only writes', () => {
  const prefersRook = (text: string) => (text.indexOf('rook') < text.indexOf('wren') ? 'A' : 'Answer B.');

  test.each([
    ['the same in both orders', (text: string) => prefersRook(text), { verdict: 'win', ordersAgree: true }],
    ['always the first place', () => 'A', { verdict: 'tie', ordersAgree: false }],
    ['nonsense', () => 'Both are birds.', { verdict: undefined, ordersAgree: undefined }],
  ])('%s', async (_name, say, expected) => {
    const judge = new WritingJudge((request) => say(promptText(request)));
    expect((await compareAnswers(judge, [compared]))[0]).toMatchObject(expected);
    expect(judge.scored).toEqual([]);
  });
});

test('equal answers are a tie that nobody is asked about', async () => {
  const judge = letterJudge(() => 1);
  const [result] = await compareAnswers(judge, [{ ...compared, answer: ' a wren\n' }]);
  expect(result).toMatchObject({ verdict: 'tie', ordersAgree: undefined });
  expect(judge.scored).toEqual([]);
});

test.each([
  ['A', 'A'],
  [' **b**\n', 'B'],
  ['Answer A.', 'A'],
  ['(B)', 'B'],
  ['A is better', undefined],
  ['A or B', undefined],
  ['', undefined],
])('the letter of %j is %s', (text, letter) => {
  expect(parseLetter(text)).toBe(letter);
});

describe('the benchmark', () => {
  test('counts wins, ties half, and how often the orders disagree', async () => {
    const answers = ['a rook', 'a rook', 'a wren', 'a rook'].map((response) => ({ response }));
    const judge = letterJudge((isAnswerFirst, text) => {
      const sign = isAnswerFirst ? 1 : -1;
      return text.includes('bird a') ? 2 * sign : text.includes('bird b') ? -2 * sign : 5 - sign;
    });
    const results = await winRate.score(items(), answers, scoringTools(judge));
    expect(results.map(({ details }) => details.verdict)).toEqual(['win', 'loss', 'tie', 'loss']);
    const values = ['win_rate', 'ties', 'orders_disagree', 'unjudged'].map((name) => metricOf(results, name));
    expect(values).toEqual([37.5, 25, 100 / 3, 0]);
  });

  test("compares with the base's answers where no file has others, and asks seed tasks without one", async () => {
    const seeds = winRate.readItems({}, settings);
    expect(seeds.length).toBeGreaterThan(100);
    const judge = letterJudge(() => 1);
    const one = seeds.slice(0, 1);
    const tools = { ...scoringTools(judge), baseAnswers: [{ response: 'a wren' }] };
    expect((await winRate.score(one, [{ response: 'a rook' }], tools))[0]?.details).toMatchObject({
      baseline: 'a wren',
    });
    await expect(winRate.score(one, [{ response: 'a rook' }], scoringTools(judge))).rejects.toThrow(
      /no answers to compare/,
    );
  });

  test('no answer loses against one, and is a tie with none', async () => {
    const failed = (id: string) => ({ id, error: { code: 'bad-input' as const, message: 'too long' } });
    const own = winRate.readItems({ data: fileOf(tasks.slice(0, 3)) }, settings);
    const tools = { ...scoringTools(new FakeModel()), baseAnswers: [{ response: 'x' }, failed('b'), failed('c')] };
    const results = await winRate.score(own, [failed('a'), { response: 'y' }, failed('c')], tools);
    expect(results.map(({ details }) => details.verdict)).toEqual(['loss', 'win', 'tie']);
    expect(results[0]?.details.judgement).toBe('no answer: too long');
  });

  test('a baseline of other prompts is refused, every problem named', () => {
    const other = fileOf([...baselineRows.slice(1), { id: 'z', response: '' }], 'baseline.jsonl');
    expect(() => winRate.readItems({ data: fileOf(tasks), baseline: other }, settings)).toThrow(
      /2 problems .*no answer to "a"; no prompt has the id "z"/,
    );
  });
});
