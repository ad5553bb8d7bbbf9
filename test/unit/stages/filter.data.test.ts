// What the filters make of the sets that the paper's authors published: pairs that their own rules and a 72B judge had
// accepted. Ours may be stricter, but a filter that drops many of them would be wrong.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { countRejections } from '../../../src/shared/verdicts.js';
import { newTriples } from '../../../src/stages/filter/filters/copied-response.js';
import { applyScreen, createScreen } from '../../../src/stages/filter/screen.js';

const data = path.resolve(import.meta.dirname, '../../../../shared/data');

interface Published {
  instruction: string;
  input: string;
  response: string;
}

function published(): Published[] {
  const folder = path.join(data, 'isheep_published');
  const files = readdirSync(folder).filter((name) => name.startsWith('qwen'));
  return files.flatMap((name) => {
    const rows = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as (Published & { output: string })[];
    return rows.map(({ instruction, input, output }) => ({ instruction, input, response: output }));
  });
}

function seeds(): Published[] {
  const text = readFileSync(path.join(data, 'seed_tasks/seed_tasks_flat.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Published & { output: string })
    .map(({ instruction, input, output }) => ({ instruction, input, response: output }));
}

const rejectedBy = (rules: readonly string[] | undefined, rows: readonly Published[]) =>
  countRejections(applyScreen(rows, createScreen({ novelty: 0.7, rules })));

describe('on the published accepted pairs', () => {
  const rows = published();

  it("the paper's rules for tasks, for responses, for repeated inputs and for empty responses drop none", () => {
    expect(rows).toHaveLength(229 + 318 + 309);
    expect(rejectedBy(['paper-task', 'paper-response', 'repeated-input', 'empty-response'], rows)).toEqual({});
  });

  it("the paper's rules for candidates drop none", () => {
    const rules = ['instruction-length', 'leading-punctuation', 'leading-non-ascii'];
    expect(rejectedBy(rules, rows)).toEqual({});
  });

  it('each of our default rules alone drops few', () => {
    const each = createScreen({ novelty: 0.7 }).judge({
      instruction: 'Name three birds that fly.',
      response: 'Wrens do.',
    });
    const shares = each.map(({ filter }) => {
      const dropped = Object.values(rejectedBy([filter], rows)).reduce((sum, n) => sum + n, 0);
      return [filter, dropped / rows.length] as const;
    });
    console.log(Object.fromEntries(shares.map(([filter, share]) => [filter, +share.toFixed(4)])));
    for (const [filter, share] of shares) expect(share, filter).toBeLessThan(filter === 'novelty' ? 0.2 : 0.05);
  });
});

describe('the copy rule', () => {
  it('drops every copy and few of the published pairs and the seeds, as measured in advance', () => {
    const rows = [...published(), ...seeds()].filter(({ response }) => response.split(/\s+/).length >= 8);
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
