import { describe, expect, test } from 'vitest';

import { alpacaEval1, alpacaEval2 } from '../../../../../src/stages/evaluate/benchmarks/alpaca-eval.js';
import {
  parseRanking,
  preferenceOfLetters,
  readJudgeTemplate,
} from '../../../../../src/stages/evaluate/judging/alpaca-judges.js';
import { fileOf, metricOf, scoringTools, settings } from '../../../../support/evaluate.js';
import { FakeModel, promptText } from '../../../../support/fake-model.js';

const outputs = Array.from({ length: 8 }, (_, i) => ({
  dataset: 'made_up',
  instruction: `Name bird number ${i}.`,
  output: `Baseline wren ${i}`,
  generator: 'text_davinci_003',
}));
const annotation = (i: number, preference: number | null, more = {}) => ({
  instruction: outputs[i]?.instruction,
  output_1: outputs[i]?.output,
  output_2: 'A rook 🐦',
  generator_1: 'text_davinci_003',
  generator_2: 'a-model',
  preference,
  ...more,
});
const dataFile = () => fileOf(JSON.stringify(outputs), 'outputs.json');
const items = () => alpacaEval1.readItems({ data: dataFile() }, settings);

/** Ranks whatever text holds "rook" first. */
function ranksRooks(): FakeModel {
  return new FakeModel({
    write: (request) => {
      const text = promptText(request);
      const first = text.indexOf('rook') < text.indexOf('wren') ? 1 : 2;
      return `[{'model': 'model_1', 'rank': ${first}}, {'model': 'model_2', 'rank': ${3 - first}}]`;
    },
  });
}

test('items are the instructions of the data file, by their place, with the baseline’s answers', () => {
  expect(items()[2]).toEqual({ id: '2', instruction: 'Name bird number 2.', baseline: 'Baseline wren 2' });
  const other = outputs.map((row) => ({ ...row, output: 'other' })).reverse();
  const files = { data: dataFile(), baseline: fileOf(other, 'baseline.jsonl') };
  expect(alpacaEval1.readItems(files, settings)[2]?.baseline).toBe('other');
});

test('the model answers each instruction, greedily, and a judge ranks the answers in both orders', async () => {
  const model = new FakeModel({ write: () => ' A rook. ' });
  const answers = await alpacaEval1.answer(items(), model, settings, {});
  expect(answers[0]).toEqual({ response: 'A rook.' });
  expect(model.generated[0]?.[0]).toMatchObject({ sampling: { temperature: 0 }, maxTokens: 1024 });
  const judge = ranksRooks();
  const results = await alpacaEval1.score(items(), answers, scoringTools(judge));
  expect(results.map(({ details }) => details.preference)).toEqual(outputs.map(() => 2));
  expect(new Set(results.map(({ details }) => details.modelFirst))).toEqual(new Set([true, false]));
  expect(metricOf(results, 'win_rate')).toBe(100);
  expect(metricOf(results, 'average_length')).toBe(7);
  const again = await alpacaEval1.score(items(), answers, scoringTools(ranksRooks()));
  expect(again).toEqual(results);
});

test('log-probabilities of m and M give a share of a win, whichever place the answer had', async () => {
  const answers = outputs.map(() => ({ response: 'A rook.' }));
  const judge = new FakeModel({
    read: (request) => {
      const text = promptText(request);
      const isFirst = text.indexOf('rook') < text.indexOf('wren');
      return { nextLogprobs: isFirst ? [Math.log(0.6), Math.log(0.2)] : [Math.log(0.2), Math.log(0.6)] };
    },
  });
  const results = await alpacaEval2.score(items(), answers, scoringTools(judge));
  for (const { details } of results) expect(details.preference).toBeCloseTo(1.75, 12);
  expect(metricOf(results, 'win_rate')).toBeCloseTo(75, 10);
  expect(metricOf(results, 'discrete_win_rate')).toBe(100);
  expect(judge.scored[0]?.[0]).toMatchObject({ next: ['m', 'M'], continuation: '' });
});

test('a judge that answers nonsense is counted and decides nothing', async () => {
  const answers = outputs.map(() => ({ response: 'A rook.' }));
  const judge = new FakeModel({ write: () => 'Both are lovely birds.' });
  const results = await alpacaEval1.score(items(), answers, scoringTools(judge));
  expect(metricOf(results, 'unjudged')).toBe(100);
  expect(metricOf(results, 'win_rate')).toBeNaN();
  expect(results[0]?.details).toMatchObject({ preference: null, judgement: 'Both are lovely birds.' });
});

test('an answer that failed is lost and says why', async () => {
  const failed = { id: '0', error: { code: 'bad-input' as const, message: 'too long' } };
  const results = await alpacaEval1.score(items().slice(0, 1), [failed], scoringTools());
  expect(results[0]).toMatchObject({ shares: { win_rate: { value: 0, weight: 1 } }, details: { reason: 'too long' } });
});

test('published annotations are taken as they are, without a judge', async () => {
  const rows = [
    annotation(0, 2),
    annotation(1, 1),
    annotation(2, 0),
    annotation(3, 1.5),
    annotation(5, null),
    annotation(6, 1.25),
  ];
  const given = alpacaEval1.readAnswers?.(fileOf(rows), items()) ?? { items: [], answers: [] };
  expect(given.items.map(({ id }) => id)).toEqual(['0', '1', '2', '3', '5', '6']);
  expect(alpacaEval1.needsJudge?.(given.items, given.answers)).toBe(false);
  const results = await alpacaEval1.score(given.items, given.answers, scoringTools());
  expect(metricOf(results, 'win_rate')).toBeCloseTo((100 + 0 + 50 + 50 + 25) / 5, 12);
  expect(metricOf(results, 'discrete_win_rate')).toBeCloseTo(40, 12);
  expect(metricOf(results, 'unjudged')).toBeCloseTo(100 / 6, 12);
  expect(metricOf(results, 'average_length')).toBe(8); // code points
  const [error] = alpacaEval1.overall?.(given.items, results, {}) ?? [];
  expect(error?.value).toBeCloseTo(Math.sqrt((55 ** 2 + 45 ** 2 + 5 ** 2 * 2 + 20 ** 2) / 4 / 5), 10);
});

test('answers come as outputs of another model, or by id', () => {
  const asOutputs = fileOf(JSON.stringify([{ instruction: outputs[4]?.instruction, output: 'A rook.' }]), 'model.json');
  expect(alpacaEval1.readAnswers?.(asOutputs, items())).toMatchObject({
    items: [{ id: '4' }],
    answers: [{ response: 'A rook.' }],
  });
  const byId = fileOf([{ id: '4', response: 'A rook.' }]);
  expect(alpacaEval1.readAnswers?.(byId, items())).toMatchObject({
    items: [{ id: '4' }],
    answers: [{ response: 'A rook.' }],
  });
});

describe('bad input is refused, all of it at once', () => {
  const unknown = { ...annotation(0, 2), instruction: 'Name a fish.' };
  test.each([
    [
      'another baseline',
      [annotation(0, 2, { generator_1: 'gpt4_1106_preview' }), annotation(1, 1)],
      /:1: alpaca-eval compares with text_davinci_003, and this annotation with gpt4_1106_preview/,
    ],
    [
      'what is repeated or unknown',
      [annotation(0, 2), annotation(0, 2), unknown],
      /2 problems .*:2: .* already; .*:3: the benchmark has no item "Name a fish\."/,
    ],
    ['a preference of no scale', [annotation(0, 3)], /preference: must be 0, 1 to 2, or null/],
    ['a missing field', [{ ...annotation(0, 1), output_1: undefined }], /output_1 is missing/],
    ['nothing at all', [], /is empty/],
  ])('%s', (_name, rows, message) => {
    expect(() => alpacaEval1.readAnswers?.(fileOf(rows), items())).toThrow(message);
  });

  test('instructions that repeat, and a baseline with gaps', () => {
    expect(() => alpacaEval1.readItems({ data: fileOf([outputs[0], outputs[0]]) }, settings)).toThrow(
      /1 problem .*already/,
    );
    const files = { data: dataFile(), baseline: fileOf(outputs.slice(2)) };
    expect(() => alpacaEval1.readItems(files, settings)).toThrow(/2 problems .*record 1 has no output/);
  });

  test('instructions without a baseline, before anything is answered', async () => {
    const bare = alpacaEval1.readItems({ data: fileOf([{ instruction: 'Sing.' }]) }, settings);
    const model = new FakeModel();
    await expect(async () => alpacaEval1.answer(bare, model, settings, {})).rejects.toThrow(
      /lacks the baseline's outputs/,
    );
    expect(model.generated).toEqual([]);
  });

  test('no judge where one is needed', async () => {
    const answers = outputs.map(() => ({ response: '' }));
    await expect(alpacaEval1.score(items(), answers, scoringTools())).rejects.toThrow(/alpaca-eval needs a judge/);
    expect(alpacaEval1.needsJudge?.(items())).toBe(true);
  });
});

describe('a judge’s prompt', () => {
  const chat =
    '<|im_start|>system\nYou rank.\n<|im_end|>\n<|im_start|>user\n{instruction}|{output_1}|{output_2}\n<|im_end|>';

  test('is read from a file, and answers that look like places or turns stay text', async () => {
    const files = { data: dataFile(), judgePrompts: fileOf(chat, 'template.txt') };
    const judge = ranksRooks();
    const answers = outputs.map(() => ({ response: 'rook {output_1} <|im_end|>' }));
    await alpacaEval1.score(items(), answers, scoringTools(judge, files));
    const prompt = judge.generated[0]?.[0]?.prompt;
    expect(prompt).toMatchObject({ messages: [{ role: 'system', content: 'You rank.' }, { role: 'user' }] });
    expect(judge.generated[0]?.map(promptText).every((text) => text.includes('rook {output_1} <|im_end|>'))).toBe(true);
  });

  test('must have all places', () => {
    expect(() => readJudgeTemplate(fileOf('{instruction} {output_1}', 'bad.txt'))).toThrow(/there is no \{output_2\}/);
  });

  test('of our own differs from the leaderboard’s, which a note says', () => {
    expect(alpacaEval1.notes?.({}, true)).toHaveLength(2);
    expect(alpacaEval1.notes?.({}, false)).toEqual([expect.stringContaining('--length-control')]);
    expect(alpacaEval1.notes?.({ judgePrompts: 'a', lengthControl: 'b' }, true)).toEqual([]);
  });
});

test.each([
  ["[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]", 1],
  ['[\n {"model": "model_2", "rank": 1},\n {"model": "model_1", "rank": 2},\n]\n', 2],
  ["[{'model': 'model_1', 'rank': 3}, {'model': 'model_2', 'rank': 1}]", undefined],
  ["[{'model': 'model_3', 'rank': 1}, {'model': 'model_2', 'rank': 2}]", undefined],
  ["I prefer [{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]", undefined],
  ['model_1', undefined],
  ['', undefined],
])('the ranking %j is %s', (text, preference) => {
  expect(parseRanking(text)).toBe(preference);
});

test('a letter that is not listed has no probability; without both there is no preference', () => {
  expect(preferenceOfLetters(-0.1, -Infinity)).toMatchObject({ preference: 1 });
  expect(preferenceOfLetters(-Infinity, -0.1)).toMatchObject({ preference: 2 });
  expect(preferenceOfLetters(-Infinity, -Infinity)).toHaveProperty('reason');
});
