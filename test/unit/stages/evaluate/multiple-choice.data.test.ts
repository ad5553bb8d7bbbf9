// Multiple choice on the published files: every row is read, in all forms, and is asked as others ask it.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import type { Benchmark, BenchmarkFiles } from '../../../../src/stages/evaluate/benchmark.js';
import { arcChallenge, arcEasy } from '../../../../src/stages/evaluate/benchmarks/arc.js';
import { boolq } from '../../../../src/stages/evaluate/benchmarks/boolq.js';
import { commonsenseqa } from '../../../../src/stages/evaluate/benchmarks/commonsenseqa.js';
import { hellaswag } from '../../../../src/stages/evaluate/benchmarks/hellaswag.js';
import { openbookqa } from '../../../../src/stages/evaluate/benchmarks/openbookqa.js';
import { piqa } from '../../../../src/stages/evaluate/benchmarks/piqa.js';
import { winogrande } from '../../../../src/stages/evaluate/benchmarks/winogrande.js';
import type { ChoiceItem, ChoiceScores } from '../../../../src/stages/evaluate/multiple-choice.js';
import { publishedFile } from '../../../support/published-data.js';

function read(benchmark: Benchmark<ChoiceItem, ChoiceScores>, files: BenchmarkFiles): ChoiceItem[] {
  return benchmark.readItems(files, { seed: 1 });
}

/** How many items there are, and how many choices they have. */
const sets: [string, string, Benchmark<ChoiceItem, ChoiceScores>, number, number[]][] = [
  ['arc', 'arc_easy_validation.jsonl', arcEasy, 570, [3, 4, 5]],
  ['arc', 'arc_challenge_validation.jsonl', arcChallenge, 299, [3, 4, 5]],
  ['arc', 'arc_challenge_test_llmfoundry.jsonl', arcChallenge, 1172, [3, 4, 5]],
  ['boolq', 'validation.jsonl', boolq, 3270, [2]],
  ['commonsenseqa', 'validation.jsonl', commonsenseqa, 1221, [5]],
  ['hellaswag', 'validation_1000.jsonl', hellaswag, 1000, [4]],
  ['openbookqa', 'validation.jsonl', openbookqa, 500, [4]],
  ['openbookqa', 'test_llmfoundry.jsonl', openbookqa, 500, [4]],
  ['piqa', 'validation.jsonl', piqa, 1838, [2]],
  ['winogrande', 'validation.jsonl', winogrande, 1267, [2]],
];

it.each(sets)('%s/%s is read whole', (folder, file, benchmark, count, choices) => {
  const items = read(benchmark, { data: publishedFile(folder, file) });
  expect(items).toHaveLength(count);
  expect(new Set(items.map(({ id }) => id)).size).toBe(count);
  const counts = new Set(items.map((item) => item.choices.length));
  expect([...counts].every((n) => choices.includes(n))).toBe(true);
});

interface Request {
  native_id: string;
  doc_id: number;
  label: number;
  request: { context: string; continuation: string };
}

describe('ARC-Challenge', () => {
  it("is asked in the very strings of OLMo's requests", () => {
    const packed = readFileSync(publishedFile('arc', 'arc_challenge_rc_0shot_requests.jsonl.gz'));
    const lines = gunzipSync(packed).toString('utf8').split('\n');
    const requests = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Request);
    const theirs = requests
      .filter(({ doc_id }) => doc_id < 1_000_000) // those above have no question
      .map(({ native_id, label, request }) => [native_id, label, request.context, request.continuation]);
    const items = read(arcChallenge, { data: publishedFile('arc', 'arc_challenge_validation.jsonl') });
    const ours = items.flatMap(({ id, gold, choices }) =>
      choices.map(({ context, text }) => [id, gold, context, ` ${text}`]),
    );
    expect(ours).toEqual(theirs);
    console.log(`${ours.length} requests of ${items.length} ARC-Challenge items are OLMo's`);
  });
});

it('BoolQ has its share of yes', () => {
  const items = read(boolq, { data: publishedFile('boolq', 'validation.jsonl') });
  const yes = items.filter(({ gold, choices }) => choices[gold]?.text === 'yes').length;
  expect((100 * yes) / items.length).toBeCloseTo(62.17, 2);
});

it("PIQA's official files are the hub's", () => {
  const data = publishedFile('piqa', 'valid_official.jsonl');
  const official = read(piqa, { data, labels: publishedFile('piqa', 'valid-labels.lst') });
  const ofHub = read(piqa, { data: publishedFile('piqa', 'validation.jsonl') });
  expect(official).toEqual(ofHub);
});
