// Agreement with the official program on the published responses of GPT-4: every verdict that it is sure of.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import { ifeval } from '../../../../../src/stages/evaluate/benchmarks/ifeval.js';
import { publishedFile } from '../../../../support/published-data.js';

interface Verdicts {
  key: number;
  instruction_id_list: string[];
  /** null where the official program's own chance decides. */
  strict: (boolean | null)[];
  loose: (boolean | null)[];
}

const settings = { seed: 1 };
const data = publishedFile('ifeval/input_data_old_2785.jsonl');
const responses = publishedFile('ifeval/input_response_data_gpt4_20231107_145030.jsonl');
const verdicts = readFileSync(publishedFile('ifeval/verdicts_gpt4.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Verdicts);

it('agrees with each published verdict, and with the totals', async () => {
  const { items, answers } = ifeval.readAnswers?.(responses, ifeval.readItems({ data }, settings)) ?? {};
  expect(items).toHaveLength(541);
  const results = await ifeval.score(items ?? [], answers ?? [], { settings, call: {}, files: {} });
  let compared = 0;
  const differ: string[] = [];
  for (const official of verdicts) {
    const ours = results.find(({ id }) => id === String(official.key))?.details;
    expect(ours?.instructions).toEqual(official.instruction_id_list);
    for (const form of ['strict', 'loose'] as const) {
      official[form].forEach((verdict, i) => {
        if (verdict === null) return;
        compared++;
        const name = official.instruction_id_list[i] ?? '';
        if ((ours?.[form] as boolean[])[i] !== verdict) differ.push(`${official.key} ${name} ${form}`);
      });
    }
  }
  console.log(`IFEval: ${compared} verdicts compared, ${differ.length} differ`);
  expect(differ).toEqual([]);
  expect(compared).toBe(1664);

  const sum = (metric: string) => results.reduce((total, { shares }) => total + (shares[metric]?.value ?? 0), 0) / 100;
  const within = (value: number, low: number, high: number) => value >= low && value <= high;
  expect(within(sum('prompt_strict'), 415, 417)).toBe(true);
  expect(within(sum('instruction_strict'), 696, 698)).toBe(true);
  expect(within(sum('prompt_loose'), 430, 431)).toBe(true);
  expect(within(sum('instruction_loose'), 713, 714)).toBe(true);
});

it('does not join responses to the other wording of 2785', () => {
  const items = ifeval.readItems({ data: publishedFile('ifeval/input_data.jsonl') }, settings);
  expect(() => ifeval.readAnswers?.(responses, items)).toThrow(/1 bad line .* no item has the prompt/);
});
