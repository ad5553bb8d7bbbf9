// HumanEval and MBPP on what is published of them: which programs pass is known. Where this machine can shut no program in,
// they must be refused.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

import type { ProgramRun } from '../../src/engine/sandbox/program-run.js';
import { openSandbox, type Sandbox } from '../../src/engine/sandbox/sandbox.js';
import { IsheepError } from '../../src/shared/errors.js';
import { readRecords } from '../../src/shared/records.js';
import { humaneval, humanEvalTrial } from '../../src/stages/evaluate/benchmarks/humaneval.js';
import { mbpp, mbppTrial, readTasks } from '../../src/stages/evaluate/benchmarks/mbpp.js';
import type { Trial } from '../../src/stages/evaluate/programs/samples.js';
import { publishedFile } from '../support/published-data.js';

/** Two thousand processes: under a minute on two quiet cores, several on busy ones. */
vi.setConfig({ testTimeout: 1_200_000 });

const settings = { seed: 1 };
let opened: Sandbox | IsheepError;

beforeAll(async () => {
  opened = await openSandbox().catch((error: unknown) => {
    if (error instanceof IsheepError) return error;
    throw error;
  });
  console.log(opened instanceof IsheepError ? opened.message : opened.about);
});

/** Those that do not pass. */
async function failures(trials: Map<string, Trial>): Promise<Map<string, ProgramRun> | 'refused'> {
  if (opened instanceof IsheepError) {
    expect(opened.code).toBe('no-sandbox');
    return 'refused';
  }
  const { run } = opened;
  const runs = await Promise.all(
    [...trials].map(async ([id, { program, seconds }]) => [id, await run(program, { seconds })] as const),
  );
  return new Map(runs.filter(([, { outcome }]) => outcome !== 'passed'));
}

/** The result of the benchmark's own score, by item. */
async function score(data: string, responses: string) {
  const items = humaneval.readItems({ data }, settings);
  const { items: answered, answers } = humaneval.readAnswers?.(responses, items) ?? { items: [], answers: [] };
  if (opened instanceof IsheepError) {
    expect(opened.code).toBe('no-sandbox');
    return 'refused';
  }
  return humaneval.score(answered, answers, { runProgram: opened.run, settings, call: {}, files: {} });
}

const problems = () => publishedFile('humaneval', 'HumanEval.jsonl.gz');

describe('HumanEval', () => {
  it('has every verdict of the completions whose verdicts are known', async () => {
    const file = publishedFile('humaneval', 'completions_codellama_7b.jsonl');
    const known = readRecords(file, z.object({ task_id: z.string(), passed: z.boolean() })).map(
      ({ record: row }) => row,
    );
    const results = await score(problems(), file);
    if (results === 'refused') return;
    const own = results.map(({ id, details }) => ({ task_id: id, passed: details.passed === 1 }));
    expect(own).toEqual(known);
    expect(own.filter(({ passed }) => passed)).toHaveLength(47);
  });

  it('passes every canonical solution, and nothing that does nothing', async () => {
    const solution = z.object({ task_id: z.string(), canonical_solution: z.string() });
    const solutions = new Map(
      readRecords(problems(), solution).map(({ record: row }) => [row.task_id, row.canonical_solution]),
    );
    const items = humaneval.readItems({ data: problems() }, settings);
    expect(items).toHaveLength(164);
    const trials = (text: (id: string) => string, isResponse: boolean) =>
      new Map(items.map((item) => [item.id, humanEvalTrial(item, { text: text(item.id), isResponse })]));
    const right = await failures(trials((id) => solutions.get(id) ?? '', false));
    const nothing = await failures(trials(() => '    pass', false));
    if (right === 'refused' || nothing === 'refused') return;
    expect([...right]).toEqual([]);
    expect(nothing.size).toBe(164);
  });

  it('passes the canonical solutions as answers of a chat model, the prompt repeated or not', async () => {
    const row = z.object({ task_id: z.string(), prompt: z.string(), canonical_solution: z.string() });
    const rows = new Map(readRecords(problems(), row).map(({ record: one }) => [one.task_id, one]));
    const items = humaneval.readItems({ data: problems() }, settings);
    const trials = items.map((item): [string, Trial] => {
      const { prompt = '', canonical_solution: code = '' } = rows.get(item.id) ?? {};
      // The last function alone: imports and helpers come from the prompt.
      const head = prompt.slice(prompt.lastIndexOf(`def ${item.entryPoint}`));
      const text = `Here it is:\n\`\`\`python\n${head}${code}\`\`\`\nIt works.`;
      return [item.id, humanEvalTrial(item, { text, isResponse: true })];
    });
    const failed = await failures(new Map(trials));
    if (failed !== 'refused') expect([...failed]).toEqual([]);
  });

  it('gives the published share for the official examples', async () => {
    const results = await score(
      publishedFile('humaneval', 'example_problem.jsonl'),
      publishedFile('humaneval', 'example_samples.jsonl'),
    );
    if (results === 'refused') return;
    expect(results[0]?.shares['pass@1']?.value).toBeCloseTo(50, 10);
    const samples = results[0]?.details.samples as ProgramRun[];
    expect(samples.map(({ outcome }) => outcome)).toEqual([
      'failed',
      'timed-out',
      'failed',
      'passed',
      'passed',
      'passed',
    ]);
  });
});

describe.each([
  ['MBPP', 'mbpp.jsonl', 974, 500],
  ['MBPP, sanitized', 'sanitized-mbpp.json', 427, 257],
])('%s', (_name, file, all, inTest) => {
  it('passes every solution of its own', async () => {
    const tasks = readTasks(publishedFile('mbpp', file));
    expect(tasks).toHaveLength(all);
    expect(mbpp.readItems({ data: publishedFile('mbpp', file) }, settings)).toHaveLength(inTest);
    const failed = await failures(
      new Map(tasks.map((task) => [task.id, mbppTrial(task, { text: task.code, isResponse: false })])),
    );
    if (failed !== 'refused') expect([...failed]).toEqual([]);
  });

  it('finds the code of each solution in an answer of a chat model', () => {
    for (const item of readTasks(publishedFile('mbpp', file))) {
      const code = item.code.replace(/\r\n?/g, '\n');
      const text = `First, an example:\n\`\`\`\nf(1)\n\`\`\`\nThe function:\n\`\`\`python\n${code}\n\`\`\`\n`;
      const { program } = mbppTrial(item, { text, isResponse: true });
      expect(program, item.id).toContain(code);
    }
  });
});
