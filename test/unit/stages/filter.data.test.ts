// What the filters make of the sets that the paper's authors published: pairs that their own rules and a 7B judge had
// accepted, of the base and of two iterations. Ours may be stricter, but a filter that drops many of them would be wrong.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { filterLists, type FilterRule } from '../../../src/config/filters.js';
import { countRejections, isKept } from '../../../src/shared/verdicts.js';
import { newTriples } from '../../../src/stages/filter/filters/copied-response.js';
import { applyScreen, createScreen } from '../../../src/stages/filter/screen.js';
import { publishedFile } from '../../support/published-data.js';

interface Published {
  instruction: string;
  input: string;
  response: string;
}

interface PublishedRow extends Omit<Published, 'response'> {
  output: string;
  quality_score: number;
  following_score: number;
}

/** Expected counts of a set, from stages_summary.json, which counts what lies beside it. */
interface Stage {
  file: string;
  records: number;
  quality_score: Record<string, number>;
  following_score: Record<string, number>;
  both_10: number;
  empty_input: number;
  unique_instructions: number;
}

const json = (...parts: string[]) => JSON.parse(readFileSync(publishedFile(...parts), 'utf8')) as unknown;
const stages = (json('isheep_published', 'stages_summary.json') as Stage[]).filter(({ file }) =>
  file.includes('qwen_7B'),
);
const sets = stages.map((stage) => {
  const rows = json('isheep_published', path.basename(stage.file)) as PublishedRow[];
  const name = /base_d0|iter\d_d\d/.exec(stage.file)?.[0] ?? '';
  return { name, stage, rows, pairs: rows.map(toPair) };
});
const published = sets.flatMap(({ pairs }) => pairs);

function toPair({ instruction, input, output }: Pick<PublishedRow, 'instruction' | 'input' | 'output'>): Published {
  return { instruction, input, response: output };
}

function seeds(): Published[] {
  const text = readFileSync(publishedFile('seed_tasks/seed_tasks_flat.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => toPair(JSON.parse(line) as PublishedRow));
}

const rejectedBy = (rules: readonly FilterRule[] | undefined, rows: readonly Published[]) =>
  countRejections(applyScreen(rows, createScreen({ novelty: 0.7, rules })));

describe.each(sets)('the published set $name', ({ name, stage, rows, pairs }) => {
  it('is the one that was counted, and all of it is above the threshold', () => {
    expect(rows).toHaveLength(stage.records);
    expect(rows.every((row) => row.quality_score > 8 && row.following_score > 8)).toBe(true);
    const histogram = (scores: number[]) => ({
      9: scores.filter((score) => score === 9).length,
      10: scores.filter((score) => score === 10).length,
    });
    expect(histogram(rows.map((row) => row.quality_score))).toEqual(stage.quality_score);
    expect(histogram(rows.map((row) => row.following_score))).toEqual(stage.following_score);
    expect(rows.filter((row) => row.quality_score === 10 && row.following_score === 10)).toHaveLength(stage.both_10);
    expect(rows.filter(({ input }) => input === '')).toHaveLength(stage.empty_input);
    expect(new Set(rows.map(({ instruction }) => instruction)).size).toBe(stage.unique_instructions);
  });

  it("has no pair that one of the paper's rules drops, but for novelty", () => {
    const rules = filterLists.paper.filter((rule) => rule !== 'novelty');
    for (const rule of rules) expect(rejectedBy([rule], pairs), rule).toEqual({});
    expect(rejectedBy(rules, pairs)).toEqual({});
  });

  // The paper's code compares an instruction with the seeds and the hundred of its own call only, so near copies of other
  // calls' instructions are in its sets.
  it('has a few near copies', () => {
    expect(rejectedBy(['novelty'], pairs)).toEqual({ 'not-new': expectedRejections[name]?.['not-new'] });
  });

  it('loses as much by our default filters as before', () => {
    expect(rejectedBy(['default'], pairs)).toEqual(expectedRejections[name]);
  });
});

/** Of 229, 318 and 309 pairs. A change of a default filter is seen here. */
const expectedRejections: Record<string, Record<string, number>> = {
  base_d0: {
    'missing-input': 10,
    'copied-response': 8,
    'continued-task': 1,
    courtesy: 2,
    refusal: 3,
    'foreign-script': 1,
    'needs-media': 1,
    'not-new': 1,
    'repetitive-response': 1,
    'unfilled-blank': 1,
  },
  iter1_d1: {
    'missing-input': 7,
    'not-new': 7,
    'copied-response': 5,
    'continued-task': 1,
    courtesy: 2,
    refusal: 8,
    'field-label': 1,
    'repetitive-response': 1,
  },
  iter2_d2: {
    'copied-response': 7,
    refusal: 7,
    'missing-input': 6,
    'not-new': 3,
    courtesy: 1,
    'unfilled-blank': 1,
    url: 1,
  },
};

describe('on the published accepted pairs', () => {
  it('each of our default rules alone drops few', () => {
    for (const filter of filterLists.default) {
      const dropped = applyScreen(published, createScreen({ novelty: 0.7, rules: [filter] })).filter(
        (row) => !isKept(row),
      );
      expect(dropped.length / published.length, filter).toBeLessThan(filter === 'novelty' ? 0.2 : 0.05);
    }
  });
});

describe('the copy rule', () => {
  it('drops every copy and few of the published pairs and the seeds, as measured in advance', () => {
    const rows = [...published, ...seeds()].filter(({ response }) => response.split(/\s+/).length >= 8);
    const copies = rows.map((row) => ({ ...row, response: `${row.instruction} ${row.input}`.trim() }));
    expect(rejectedBy(['copied-response'], copies)).toEqual({ 'copied-response': copies.length });
    const dropped = rejectedBy(['copied-response'], rows)['copied-response'] ?? 0;
    console.log(`copied-response drops ${dropped} of ${rows.length} good pairs`);
    expect(dropped / rows.length).toBeLessThan(0.05);
  });

  it('counts copies among the short ones as copies only from three words on', () => {
    expect(newTriples('fix errors if any', 'fix errors')).toBe(1);
    expect(newTriples('fix errors if any', 'fix errors if')).toBe(0);
  });
});
