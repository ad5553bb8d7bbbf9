// Short answers on the published files, against scores of the official scripts.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import type { ItemResult, ScoringTools } from '../../../../src/stages/evaluate/benchmark.js';
import { nqOpen } from '../../../../src/stages/evaluate/benchmarks/nq-open.js';
import { squad2 } from '../../../../src/stages/evaluate/benchmarks/squad2.js';
import { triviaqa } from '../../../../src/stages/evaluate/benchmarks/triviaqa.js';
import { publishedFile } from '../../../support/published-data.js';

const settings = { seed: 1, shots: 0 };
const tools: ScoringTools = { settings, call: {}, files: {} };

interface Scored {
  exact: number;
  f1: number;
}

/** Questions whose two scores are not the official ones, to the last bit of a share. */
function mismatches(
  name: string,
  results: readonly ItemResult[],
  official: readonly Scored[],
  exactName: string,
): string[] {
  const wrong = results.filter(({ shares }, i) => {
    const { exact, f1 } = official[i] as Scored;
    return shares[exactName]?.value !== 100 * exact || Math.abs((shares.f1?.value ?? NaN) - 100 * f1) > 1e-9;
  });
  console.log(`${name}: ${wrong.length} mismatches in ${results.length} questions`);
  return wrong.map(({ id }) => id);
}

it('SQuAD 2.0 scores as evaluate-v2.0.py', async () => {
  const items = squad2.readItems({ data: publishedFile('squad', 'dev-v2.0_cs224n_half.json') }, settings);
  expect(items).toHaveLength(6078);
  expect(items.filter(({ golds }) => golds.length > 0)).toHaveLength(2910);
  const text = readFileSync(publishedFile('squad', 'synthetic_predictions_scored_600.json'), 'utf8');
  const { per_question: scored } = JSON.parse(text) as {
    per_question: Record<string, Scored & { prediction: string }>;
  };
  const asked = items.filter(({ id }) => id in scored);
  const official = asked.map(({ id }) => scored[id] as Scored & { prediction: string });
  const results = await squad2.score(asked, official.map(({ prediction }) => prediction), tools); // prettier-ignore
  expect(results).toHaveLength(600);
  expect(mismatches('SQuAD 2.0', results, official, 'exact')).toEqual([]);
});

it('TriviaQA scores as triviaqa_evaluation.py', async () => {
  const items = triviaqa.readItems({ data: publishedFile('triviaqa', 'triviaqa_sm_sub.jsonl') }, settings);
  expect(items).toHaveLength(3000);
  const lines = readFileSync(publishedFile('triviaqa', 'synthetic_predictions_scored_300.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const scored = lines.map((line) => JSON.parse(line) as { i: number; prediction: string; em: number; f1: number });
  const asked = scored.flatMap(({ i }) => items[i] ?? []);
  const official = scored.map(({ em, f1 }) => ({ exact: em, f1 }));
  const results = await triviaqa.score(asked, scored.map(({ prediction }) => prediction), tools); // prettier-ignore
  expect(results).toHaveLength(300);
  expect(mismatches('TriviaQA', results, official, 'exact_match')).toEqual([]);
});

it("TriviaQA's official sample is all right", async () => {
  const items = triviaqa.readItems({ data: publishedFile('triviaqa', 'official_sample.json') }, settings);
  const predictions = publishedFile('triviaqa', 'official_sample_predictions.json');
  const answered = triviaqa.readAnswers?.(predictions, items) ?? { items: [], answers: [] };
  const results = await triviaqa.score(answered.items, answered.answers, tools);
  expect(results.map(({ shares }) => [shares.exact_match?.value, shares.f1?.value])).toEqual([[100, 100]]);
});

it('every question of Natural Questions is read, and its own gold answers are right', async () => {
  const items = nqOpen.readItems({ data: publishedFile('nq_open', 'validation.jsonl') }, settings);
  expect(items).toHaveLength(3610);
  const results = await nqOpen.score(items, items.map(({ golds }) => golds.at(-1) ?? ''), tools); // prettier-ignore
  expect(results.filter(({ shares }) => shares.exact_match?.value !== 100)).toEqual([]);
});
