// HumanEval and MBPP on tasks of our own: what is read, asked, assembled and counted. That programs run is tested elsewhere.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import type { GenerateRequest, LanguageModel } from '../../../../src/engine/engine.js';
import type { RunProgram } from '../../../../src/engine/sandbox/program-run.js';
import { IsheepError } from '../../../../src/shared/errors.js';
import { humaneval, humanEvalTrial } from '../../../../src/stages/evaluate/benchmarks/humaneval.js';
import { mbpp, mbppTrial } from '../../../../src/stages/evaluate/benchmarks/mbpp.js';
import { extractCode } from '../../../../src/stages/evaluate/programs/extract-code.js';
import { passAtK, passShares } from '../../../../src/stages/evaluate/programs/pass-at-k.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const double = {
  task_id: 'own/1',
  prompt: 'def double(n):\n    """Twice n."""\n',
  entry_point: 'double',
  canonical_solution: '    return 2 * n\n',
  test: 'def check(candidate):\n    assert candidate(2) == 4\n',
};
const triple = { ...double, task_id: 'own/2', prompt: 'def triple(n):\n    """Three n."""\n', entry_point: 'triple' };
const settings = { seed: 1 };

function file(text: string | Uint8Array, name = 'data.jsonl'): string {
  const written = path.join(temporaryFolder(), name);
  writeFileSync(written, text);
  return written;
}

const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-input' });
    return (error as IsheepError).message;
  }
  throw new Error('nothing was refused');
}

function modelOf(hasChatTemplate: boolean, asked: GenerateRequest[], fail?: string): LanguageModel {
  return {
    hasChatTemplate,
    generate: (requests) => {
      asked.push(...requests);
      return Promise.resolve(
        requests.map(({ id }) =>
          id === fail
            ? { id, error: { code: 'bad-input' as const, message: 'too long' } }
            : { id, text: `answer ${id}`, tokens: 1, stop: 'end' as const },
        ),
      );
    },
    score: () => Promise.reject(new Error('nothing is scored')),
  };
}

describe('pass@k', () => {
  it.each([
    [1, 0, 1, 0],
    [1, 1, 1, 1],
    [10, 3, 1, 0.3],
    [10, 3, 10, 1],
    [5, 2, 3, 0.9],
    [4, 1, 2, 0.5],
    [20, 10, 11, 1],
  ])('of %i programs, %i passing, k = %i: %f', (n, c, k, expected) => {
    expect(passAtK(n, c, k)).toBeCloseTo(expected, 12);
  });

  it('is exact where the binomials overflow', () => {
    expect(passAtK(2000, 1, 100)).toBeCloseTo(0.05, 12);
  });

  it('is told only for the k for which there are programs enough', () => {
    expect(Object.keys(passShares(9, 1))).toEqual(['pass@1']);
    expect(Object.keys(passShares(10, 1))).toEqual(['pass@1', 'pass@10']);
    expect(passShares(10, 1)['pass@1']).toEqual({ value: expect.closeTo(10, 10) as number, weight: 1 });
  });
});

describe('the code in an answer', () => {
  const fenced = (language: string, code: string) => `\`\`\`${language}\n${code}\`\`\`\n`;
  it.each<[string, string, string]>([
    ['no block', 'def f():\n    pass', 'def f():\n    pass'],
    ['one block', `Here:\n${fenced('python', 'x = 1\n')}Done.`, 'x = 1\n'],
    ['a block that nothing closes', '```python\ndef f():\n    pass', 'def f():\n    pass'],
    ['several blocks', fenced('', 'f(1)\n') + fenced('py', 'def f(n):\n    pass\n'), 'def f(n):\n    pass\n'],
    ['another language first', fenced('bash', 'ls\n') + fenced('Python', 'y = 2\n'), 'y = 2\n'],
    ['only another language', fenced('text', 'y = 2\n'), 'y = 2\n'],
    ['a longer name', fenced('', 'def ff():\n    pass\n') + fenced('', 'def f():\n    1\n'), 'def f():\n    1\n'],
    ['line ends of Windows', '```python\r\nx = 1\r\n```\r\n', 'x = 1\n'],
    ['an indented block', '1. Do:\n   ```python\n   x = 1\n   ```\n', '   x = 1\n'],
  ])('is found where there is %s', (_name, answer, code) => {
    expect(extractCode(answer, ['f'])).toBe(code);
  });
});

describe('HumanEval', () => {
  it('reads items from lines, packed or not, and from a list', () => {
    const text = lines(double, triple);
    const packed = humaneval.readItems({ data: file(gzipSync(text), 'data.jsonl.gz') }, settings);
    expect(packed.map(({ id }) => id)).toEqual(['own/1', 'own/2']);
    expect(packed[0]).toEqual(item);
    expect(humaneval.readItems({ data: file(text) }, settings)).toEqual(packed);
    expect(humaneval.readItems({ data: file(JSON.stringify([double, triple])) }, settings)).toEqual(packed);
  });

  it('names all that is wrong with a file', () => {
    const { test: _, ...withoutTest } = triple;
    const message = refusal(() =>
      humaneval.readItems({ data: file(lines({ ...double, prompt: 1 }, withoutTest, { task_id: 'own/3' })) }, settings),
    );
    expect(message).toMatch(/:1: prompt must be a string/);
    expect(message).toMatch(/:3: prompt is missing, entry_point is missing/);
    expect(refusal(() => humaneval.readItems({ data: file(lines(double, double)) }, settings))).toMatch(
      /own\/1.*line 1/,
    );
    expect(refusal(() => humaneval.readItems({ data: file(lines(withoutTest)) }, settings))).toMatch(/:1: test/);
    expect(refusal(() => humaneval.readItems({ data: file('') }, settings))).toMatch(/no item/);
    const withNumpy = { ...double, test: `import numpy as np\n${double.test}` };
    expect(refusal(() => humaneval.readItems({ data: file(lines(withNumpy)) }, settings))).toMatch(/numpy/);
    const plus = { ...double, base_input: [[1]] };
    expect(refusal(() => humaneval.readItems({ data: file(lines(plus)) }, settings))).toMatch(/plus_input, atol/);
    expect(
      refusal(() => humaneval.readItems({ data: file(gzipSync(lines(double)).subarray(0, 30)) }, settings)),
    ).toMatch(/unpacked/);
    expect(refusal(() => humaneval.readItems({ data: file('[{]') }, settings))).toMatch(/not valid JSON/);
  });

  const item = {
    id: 'own/1',
    prompt: double.prompt,
    entryPoint: 'double',
    checks: `${double.test}\ncheck(double)`,
  };
  const tail = `\n${double.test}\ncheck(double)`;

  it.each([
    ['a completion', '    return 2 * n', false, `${double.prompt}    return 2 * n${tail}`],
    ['a response with the function', '```\ndef double(n): return 2 * n\n```', true, 'whole'],
    ['a response with its body', '```\n    return 2 * n\n```', true, `${double.prompt}    return 2 * n\n${tail}`],
  ])('assembles %s', (_name, text, isResponse, program) => {
    const whole = `${double.prompt}\ndef double(n): return 2 * n\n${tail}`;
    expect(humanEvalTrial(item, { text, isResponse }).program).toBe(program === 'whole' ? whole : program);
  });

  it('asks a base model to write on, greedily', async () => {
    const asked: GenerateRequest[] = [];
    const answers = await humaneval.answer([item], modelOf(false, asked), settings, {});
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ prompt: { text: double.prompt }, sampling: { temperature: 0 }, maxTokens: 512 });
    expect(asked[0]?.stop).toContain('\ndef');
    expect(answers).toEqual([[{ text: 'answer own/1#1', isResponse: false }]]);
  });

  it('asks a chat model by message, several times from different streams', async () => {
    const asked: GenerateRequest[] = [];
    await humaneval.answer([item], modelOf(true, asked), { seed: 1, samples: 3 }, {});
    expect(asked.map(({ sampling }) => sampling)).toEqual(
      Array(3).fill({ temperature: 0.8, topK: 0, topP: 0.95, minP: 0 }),
    );
    expect(new Set(asked.map(({ seed }) => seed)).size).toBe(3);
    expect(asked[0]?.prompt).toMatchObject({ messages: [{ role: 'user' }] });
    const again: GenerateRequest[] = [];
    await humaneval.answer([item], modelOf(true, again), { seed: 1, samples: 3 }, {});
    expect(again).toEqual(asked);
  });

  it('keeps samples together, several an item, and counts them', async () => {
    const items = humaneval.readItems({ data: file(lines(double, triple)) }, settings);
    const answers = await humaneval.answer(items, modelOf(false, [], 'own/2#2'), { seed: 1, samples: 2 }, {});
    const programs: string[] = [];
    const runProgram: RunProgram = (program) => {
      programs.push(program);
      const outcome = program.includes('#1') ? 'passed' : 'failed';
      return Promise.resolve({ outcome, detail: '' });
    };
    const results = await humaneval.score(items, answers, {
      runProgram,
      settings: { seed: 1, samples: 2 },
      call: {},
      files: {},
    });
    expect(results.map(({ id, shares }) => [id, shares])).toEqual([
      ['own/1', { 'pass@1': { value: 50, weight: 1 } }],
      ['own/2', { 'pass@1': { value: 0, weight: 1 } }],
    ]);
    expect(results[1]?.details).toMatchObject({ error: { message: 'too long' } });
    expect(programs).toHaveLength(2);
  });

  it('runs the same program once', async () => {
    let runs = 0;
    const runProgram: RunProgram = () => {
      runs++;
      return Promise.resolve({ outcome: 'passed', detail: '' });
    };
    const sample = { text: '    return 2 * n', isResponse: false };
    const [result] = await humaneval.score([item], [Array(10).fill(sample)], {
      runProgram,
      settings,
      call: {},
      files: {},
    });
    expect(runs).toBe(1);
    expect(result?.shares['pass@10']).toEqual({ value: 100, weight: 1 });
  });

  it('ends where programs cannot be run at all, and stops the others', async () => {
    const signals: AbortSignal[] = [];
    const runProgram: RunProgram = (program, { signal }) => {
      if (signal) signals.push(signal);
      if (program.includes('bad')) return Promise.reject(new IsheepError('no-sandbox', 'no'));
      return new Promise(() => undefined);
    };
    const samples = ['bad', 'good'].map((text) => ({ text, isResponse: false }));
    const scored = humaneval.score([item], [samples], { runProgram, settings, call: {}, files: {} });
    await expect(scored).rejects.toMatchObject({ code: 'no-sandbox' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('joins answers with their items, and names those that do not', () => {
    const items = humaneval.readItems({ data: file(lines(double, triple)) }, settings);
    const official = lines(
      { task_id: 'own/2', completion: 'c' },
      { task_id: 'own/1', completion: 'a' },
      { task_id: 'own/2', completion: 'd' },
    );
    const code = (text: string) => ({ text, isResponse: false });
    expect(humaneval.readAnswers?.(file(official), items)).toEqual({
      items,
      answers: [[code('a')], [code('c'), code('d')]],
    });
    const responses = file(lines({ id: 'own/2', response: 'r' }));
    expect(humaneval.readAnswers?.(responses, items)).toEqual({
      items: [items[1]],
      answers: [[{ text: 'r', isResponse: true }]],
    });
    const bad = lines({ task_id: 'own/9', completion: 'a' }, { task_id: 'own/1' }, { id: 'own/1', response: 2 });
    const message = refusal(() => humaneval.readAnswers?.(file(bad), items));
    expect(message).toMatch(
      /3 bad lines.*:1: "own\/9" is no item.*:2: must have either.*:3: response must be a string/,
    );
  });
});

describe('MBPP', () => {
  const task = (number: number) => ({
    text: `Number ${number}.`,
    code: `def f${number}():\r\n    return ${number}`,
    task_id: number,
    test_setup_code: '',
    test_list: [`assert f${number}() == ${number}`],
    challenge_test_list: [],
  });
  const tasks = [2, 3, 4, 10, 11, 510, 511].map(task);
  const data = () => file(lines(...tasks));

  it('has the test split, with three examples in the form of the paper', async () => {
    const items = mbpp.readItems({ data: data() }, settings);
    expect(items.map(({ id }) => id)).toEqual(['11', '510']);
    const asked: GenerateRequest[] = [];
    await mbpp.answer(items, modelOf(false, asked), settings, {});
    const text = (asked[0]?.prompt as { text: string }).text;
    const block = (n: number) =>
      `You are an expert Python programmer, and here is your task: Number ${n}. Your code should pass these tests:\n\n` +
      `assert f${n}() == ${n}\n[BEGIN]\n`;
    const example = (n: number) => `${block(n)}def f${n}():\n    return ${n}\n[DONE]\n\n`;
    expect(text).toBe(`${example(2)}${example(3)}${example(4)}${block(11)}`);
    expect(asked[0]?.stop).toEqual(['[DONE]']);
  });

  it('gives a chat model the examples as turns', async () => {
    const asked: GenerateRequest[] = [];
    await mbpp.answer(mbpp.readItems({ data: data() }, { seed: 1, shots: 1 }), modelOf(true, asked), settings, {});
    expect(asked[0]?.prompt).toMatchObject({
      messages: [
        { role: 'user' },
        { role: 'assistant', content: '```python\ndef f2():\n    return 2\n```' },
        { role: 'user' },
      ],
    });
  });

  it('sets up behind the code, and imports before it', () => {
    const row = { ...task(11), test_setup_code: 'x = f11()' };
    const [item] = mbpp.readItems({ data: file(lines(row)) }, { seed: 1, shots: 0 });
    const { text: prompt, test_setup_code: _, ...rest } = task(12);
    const list = file(JSON.stringify([{ ...rest, prompt, test_imports: ['import math'] }]), 'sanitized.json');
    const [sanitized] = mbpp.readItems({ data: list }, { seed: 1, shots: 0 });
    if (item === undefined || sanitized === undefined) throw new Error('no items');
    const sample = { text: 'CODE', isResponse: false };
    expect(mbppTrial(item, sample).program).toBe('CODE\nx = f11()\nassert f11() == 11');
    expect(mbppTrial(sanitized, sample).program).toBe('import math\nCODE\n\nassert f12() == 12');
  });

  it('names all that is wrong with a file', () => {
    const at = (...rows: unknown[]) => refusal(() => mbpp.readItems({ data: file(lines(...rows)) }, settings));
    expect(at(task(2), { ...task(11), test_list: [] }, { ...task(12), text: undefined })).toMatch(
      /:2: test_list: has no test.*:3: must have either text or prompt/,
    );
    expect(at(task(2), task(3), task(11))).toMatch(/tasks 4 are missing/);
    expect(at(task(2), task(3), task(4))).toMatch(/no task from 11 to 510/);
    expect(at(task(2), { ...task(11), plus_input: [] })).toMatch(/MBPP\+/);
    expect(at(task(11), task(11))).toMatch(/"11" is that of line 1/);
    expect(() => mbpp.readItems({ data: data() }, { seed: 1, shots: 4 })).toThrow(/3 examples/);
  });
});
