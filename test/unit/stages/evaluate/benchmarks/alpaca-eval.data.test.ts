// AlpacaEval's published annotations must come out as its leaderboards have them.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { alpacaEval1, alpacaEval2 } from '../../../../../src/stages/evaluate/benchmarks/alpaca-eval.js';
import { preferenceOfLetters, readJudgeTemplate } from '../../../../../src/stages/evaluate/judging/alpaca-judges.js';
import { predictLogistic } from '../../../../../src/stages/evaluate/length-control/logistic-regression.js';
import { metricOf, scoringTools, settings } from '../../../../support/evaluate.js';
import { publishedFile } from '../../../../support/published-data.js';

/** Rows of a CSV without quotes, by their first column. */
function table(name: string): Map<string, Record<string, number>> {
  const [header = '', ...lines] = readFileSync(publishedFile('alpaca_eval', name), 'utf8').trim().split('\n');
  const names = header.split(',');
  const rowOf = (line: string) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', Number(cell)]));
  return new Map(lines.map((line) => [line.split(',')[0] ?? '', rowOf(line)]));
}

const versions = [
  {
    benchmark: alpacaEval1,
    data: 'text_davinci_003_outputs.json',
    annotations: 'annotations_AE1_alpaca-7b.json',
    leaderboard: 'leaderboard_AE1.csv',
  },
  {
    benchmark: alpacaEval2,
    data: 'gpt4_1106_preview_outputs.json',
    annotations: 'annotations_AE2_alpaca-7b.json',
    leaderboard: 'leaderboard_AE2.csv',
  },
];

describe.each(versions)('$benchmark.name', ({ benchmark, data, annotations, leaderboard }) => {
  it('has the published figures of alpaca-7b, to the last digit', async () => {
    const items = benchmark.readItems({ data: publishedFile('alpaca_eval', data) }, settings);
    const given = benchmark.readAnswers?.(publishedFile('alpaca_eval', annotations), items) ?? {
      items: [],
      answers: [],
    };
    expect(given.items).toHaveLength(805);
    const results = await benchmark.score(given.items, given.answers, scoringTools());
    const published = table(leaderboard).get('alpaca-7b');
    const discrete = results.map(({ shares }) => shares.discrete_win_rate?.value);
    const count = (value: number) => discrete.filter((one) => one === value).length;
    expect({ wins: count(100), losses: count(0), draws: count(50) }).toEqual({
      wins: published?.n_wins,
      losses: published?.n_wins_base,
      draws: published?.n_draws,
    });
    expect(metricOf(results, 'win_rate')).toBeCloseTo(published?.win_rate ?? NaN, 10);
    expect(metricOf(results, 'discrete_win_rate')).toBeCloseTo(published?.discrete_win_rate ?? NaN, 10);
    expect(Math.floor(metricOf(results, 'average_length'))).toBe(published?.avg_length);
    const error = benchmark.overall?.(given.items, results, {}).find(({ name }) => name === 'standard_error');
    expect(error?.value).toBeCloseTo(published?.standard_error ?? NaN, 10);
  });

  it('has 805 instructions in the same order in every file', () => {
    const prompts = benchmark.readItems({ data: publishedFile('alpaca_eval', 'alpaca_eval_prompts.json') }, settings);
    const items = benchmark.readItems({ data: publishedFile('alpaca_eval', data) }, settings);
    expect(prompts.map(({ instruction }) => instruction)).toEqual(items.map(({ instruction }) => instruction));
  });
});

interface RawAnnotation {
  preference: number;
  raw_completion: { logprobs: { content: [{ top_logprobs: { token: string; logprob: number }[] }] } } | null;
}

it('log-probabilities of the judge’s tokens give the published preferences, in one order or the other', () => {
  const rows = JSON.parse(
    readFileSync(publishedFile('alpaca_eval', 'annotations_AE2_alpaca-7b.json'), 'utf8'),
  ) as RawAnnotation[];
  const differences = rows.flatMap(({ preference, raw_completion }) => {
    if (raw_completion === null) return [];
    const listed = new Map(
      raw_completion.logprobs.content[0].top_logprobs.map(({ token, logprob }) => [token, logprob]),
    );
    const ours = preferenceOfLetters(listed.get('m') ?? -Infinity, listed.get('M') ?? -Infinity);
    if ('reason' in ours) return [NaN];
    return [Math.min(Math.abs(preference - ours.preference), Math.abs(preference - (3 - ours.preference)))];
  });
  expect(differences).toHaveLength(802);
  expect(Math.max(...differences)).toBeLessThan(1e-10);
});

it('the official templates can be read', () => {
  for (const name of ['judge_prompt_alpaca_eval_gpt4.txt', 'judge_prompt_alpaca_eval_clf.txt']) {
    const roles = readJudgeTemplate(publishedFile('alpaca_eval', name)).map(({ role }) => role);
    expect(roles).toEqual(['system', 'user']);
  }
});

// The difficulties themselves are not at hand. But whatever they are, they are the same for all models: some distribution of
// them must turn each model's published coefficients into its published win rate, by our formula. It is fitted to every second
// model and must then hold for the others.
it('published coefficients give the published length-controlled win rates', () => {
  const leaderboard = table('leaderboard_AE2.csv');
  const models = [...table('length_controlled_weights.csv')].flatMap(([name, row]) => {
    const published = leaderboard.get(name)?.length_controlled_winrate;
    const weights = [
      row['np.tanh(std_delta_len)'],
      row.instruction_difficulty,
      row['not_gamed_baseline.astype(float)'],
    ];
    return published === undefined || !(published > 0) ? [] : [{ name, published, weights: weights as number[] }];
  });
  const grid = Array.from({ length: 61 }, (_, i) => -6 + i / 5);
  const rates = models.map(({ weights }) =>
    grid.map((difficulty) => 100 * predictLogistic(weights, [0, difficulty, 1])),
  );
  const shares = nonNegativeShares(
    rates.filter((_, i) => i % 2 === 0),
    models.filter((_, i) => i % 2 === 0).map(({ published }) => published),
  );
  const errors = models.map(({ published }, i) =>
    Math.abs((rates[i] ?? []).reduce((sum, rate, k) => sum + rate * (shares[k] ?? 0), 0) - published),
  );
  const others = errors.filter((_, i) => i % 2 === 1).sort((a, b) => a - b);
  console.log(
    `length-controlled: ${others.length} models, median error ${others[others.length >> 1]}, largest ${others.at(-1)}`,
  );
  expect(others.length).toBeGreaterThan(90);
  expect(others[others.length >> 1]).toBeLessThan(0.02);
  expect(others.at(-1)).toBeLessThan(0.25);
});

/** The shares >= 0 that sum to 1 and minimise the squared error of rates · shares, by exponentiated gradient steps. */
function nonNegativeShares(rates: readonly number[][], wanted: readonly number[]): number[] {
  let shares = (rates[0] ?? []).map(() => 1 / (rates[0]?.length ?? 1));
  for (let step = 0; step < 40_000; step++) {
    const residuals = rates.map(
      (row, i) => row.reduce((sum, rate, k) => sum + rate * (shares[k] as number), 0) - (wanted[i] ?? 0),
    );
    const slopes = shares.map(
      (_, k) => rates.reduce((sum, row, i) => sum + (residuals[i] as number) * (row[k] as number), 0) / rates.length,
    );
    const next = shares.map((share, k) => share * Math.exp(-0.002 * (slopes[k] as number)));
    const total = next.reduce((sum, share) => sum + share, 0);
    shares = next.map((share) => share / total);
  }
  return shares;
}
