// MT-Bench's published judgements: the judge's prompts must be rebuilt to the byte, and the scores come out as published.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { judgeRequests, mtBench } from '../../../../../src/stages/evaluate/benchmarks/mt-bench.js';
import { readJudgeTemplates } from '../../../../../src/stages/evaluate/judging/mt-bench-judge.js';
import { fileOf, metricOf, scoringTools, settings } from '../../../../support/evaluate.js';
import { publishedFile } from '../../../../support/published-data.js';

interface Judgement {
  question_id: number;
  model: string;
  turn: 1 | 2;
  user_prompt: string;
  score: number;
}

const file = (name: string) => publishedFile('mt_bench', name);
const judgements = readFileSync(file('judgment_gpt-4_single_claude3.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Judgement);
const items = mtBench.readItems(
  {
    data: file('question.jsonl'),
    references: file('reference_answer_gpt-4.jsonl'),
    judgePrompts: file('judge_prompts.jsonl'),
  },
  settings,
);
const templates = readJudgeTemplates(file('judge_prompts.jsonl'));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each([
  {
    model: 'claude-3-5-sonnet-20240620',
    answers: 'model_answer_claude-3-5-sonnet.jsonl',
    average: 9.20625,
    turn_1: 9.2375,
  },
  { model: 'claude-3-opus-20240229', answers: 'model_answer_claude-3-opus.jsonl', average: 8.675, turn_1: 9.04375 },
])('$model', ({ model, answers, average, turn_1 }) => {
  const its = judgements.filter((one) => one.model === model);

  it('was judged by the prompts that its answers give', () => {
    const given = mtBench.readAnswers?.(file(answers), items) ?? { items: [], answers: [] };
    const rebuilt = new Map(
      given.items.flatMap((item, i) => {
        const requests = judgeRequests(item, given.answers[i] ?? { responses: [] }, templates);
        return requests.map(({ id, messages }) => [id, messages.at(-1)?.content]);
      }),
    );
    expect(its).toHaveLength(160);
    const different = its.filter(
      ({ question_id, turn, user_prompt }) => rebuilt.get(`${question_id}/${turn}`) !== user_prompt,
    );
    expect(different.map(({ question_id, turn }) => `${question_id}/${turn}`)).toEqual([]);
  });

  it('has the published scores', async () => {
    const given = mtBench.readAnswers?.(fileOf(its, 'judgements.jsonl'), items) ?? { items: [], answers: [] };
    const results = await mtBench.score(given.items, given.answers, scoringTools());
    const scoreOf = new Map(its.map(({ question_id, turn, score }) => [`${question_id}/${turn}`, score]));
    const ratings = results.flatMap(({ id, details }) =>
      (details.ratings as number[]).map((rating, i) => [`${id}/${i + 1}`, rating] as const),
    );
    expect(ratings).toHaveLength(160);
    expect(ratings.filter(([key, rating]) => scoreOf.get(key) !== rating)).toEqual([]);
    expect(metricOf(results, 'average')).toBe(average);
    expect(metricOf(results, 'turn_1')).toBe(turn_1);
    expect(metricOf(results, 'turn_2')).toBeCloseTo(
      mean(its.filter(({ turn }) => turn === 2).map(({ score }) => score)),
      12,
    );
    expect(metricOf(results, 'unjudged')).toBe(0);
  });
});
