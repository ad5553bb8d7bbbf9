import { expect, it } from 'vitest';

import { constraintPrompts } from '../../../../../src/stages/evaluate/gate/constraint-prompts.js';
import { ifevalRow } from '../../../../../src/stages/evaluate/benchmarks/ifeval.js';

const prompts = constraintPrompts(400);

it('are rows of IFEval, each drawn anew, and the same every time', () => {
  for (const row of prompts) expect(ifevalRow.safeParse(row).error).toBeUndefined();
  expect(new Set(prompts.map(({ prompt }) => prompt)).size).toBeGreaterThan(390);
  expect(new Set(prompts.map(({ key }) => key)).size).toBe(400);
  expect(constraintPrompts(20)).toEqual(prompts.slice(0, 20));
});

it('ask for every instruction equally often first, and for no two that exclude each other', () => {
  const firsts = prompts.map(({ instruction_id_list: [first = ''] }) => first);
  const counts = [...new Set(firsts)].map((id) => firsts.filter((one) => one === id).length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
  for (const { instruction_id_list: ids } of prompts) {
    expect(new Set(ids).size).toBe(ids.length);
    if (ids.includes('detectable_format:json_format')) expect(ids.length).toBe(1);
    const isCased = ids.some((id) => id.startsWith('change_case'));
    // A phrase in its own letters cannot be kept where all letters are of one case.
    if (isCased) expect(ids).not.toContain('startend:end_checker');
  }
});

it('say in words what the checker wants', () => {
  for (const { prompt, kwargs } of prompts) {
    for (const value of kwargs.flatMap((one) => Object.values(one)).flat()) {
      const isSaid = typeof value !== 'number' || value <= 2 || prompt.includes(String(value));
      expect(isSaid, prompt).toBe(true);
    }
  }
});
