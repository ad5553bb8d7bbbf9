import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { evaluate } from '../../../../src/pipeline/evaluating.js';
import {
  chooseFiles,
  compareEvaluations,
  evaluationFile,
  prepareItems,
  differentSettings,
  refuseOtherItems,
  readEvaluation,
} from '../../../../src/pipeline/verbs/evaluate.js';
import type { Benchmark } from '../../../../src/stages/evaluate/benchmark.js';
import { drawItems } from '../../../../src/stages/evaluate/evaluate.js';
import { FakeModel } from '../../../support/fake-model.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { toyBenchmark } from '../../../support/toy-benchmark.js';

const benchmark = toyBenchmark as Benchmark;
const settings = { seed: 1 };

function dataFile(n: number): string {
  const file = path.join(temporaryFolder(), 'sums.jsonl');
  const rows = Array.from({ length: n }, (_, i) => ({ id: `s${i}`, question: `${i} + 1 =`, right: String(i + 1) }));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

/** Right on the sums below `known`. */
function adder(known: number): FakeModel {
  return new FakeModel({
    write: ({ prompt }) => {
      const first = Number(('text' in prompt ? prompt.text : '').split(' ')[0]);
      return first < known ? ` ${first + 1}` : ' no idea';
    },
    fails: ({ id }) => id === 's99',
  });
}

function evaluated(n: number, known: number, files = { data: dataFile(n) }) {
  const { items } = prepareItems({ benchmark, files, settings });
  return evaluate({ benchmark, items, files, settings, openModel: () => Promise.resolve(adder(known)) });
}

describe('an evaluation', () => {
  it('counts a failed answer as wrong, and tells how far it is', async () => {
    const files = { data: dataFile(600) };
    const { items } = prepareItems({ benchmark, files, settings });
    const model = adder(120);
    const parts: unknown[] = [];
    const done: number[] = [];
    const result = await evaluate(
      { benchmark, items, files, settings, openModel: () => Promise.resolve(model) },
      { onPart: (part, total) => parts.push([part, total]), onProgress: (progress) => done.push(progress.done) },
    );
    expect(result.metrics.accuracy).toMatchObject({ value: (119 / 600) * 100, n: 600, unit: '%' });
    expect(result.results[99]?.details).toHaveProperty('error');
    expect(parts).toEqual([['answer', 600]]);
    expect(done.at(-1)).toBe(600);
  });

  it('stops at once while answers are written, which are remembered one by one, and elsewhere after a chunk', async () => {
    const files = { data: dataFile(600) };
    const { items } = prepareItems({ benchmark, files, settings });
    const stopped = (asked: Benchmark) => {
      const stop = new AbortController();
      const model = new FakeModel({
        write: ({ id }) => {
          if (id === 's41') stop.abort();
          return 'no idea';
        },
      });
      const work = { benchmark: asked, items, files, settings, openModel: () => Promise.resolve(model) };
      return evaluate(work, { stop: stop.signal });
    };
    const readsProbabilities: Benchmark = {
      ...benchmark,
      answer: (some, model, how, { signal: _, ...call }) => benchmark.answer(some, model, how, call),
    };
    delete readsProbabilities.readAnswers;
    await expect(stopped(benchmark)).rejects.toMatchObject({ code: 'interrupted', hint: /remembered/ });
    await expect(stopped(readsProbabilities)).rejects.toMatchObject({ code: 'interrupted', message: /256 of 600/ });
  });

  it('is compared with another on the items that both have', async () => {
    const files = { data: dataFile(90) };
    const [worse, better] = [await evaluated(90, 40, files), await evaluated(90, 80, files)];
    const file = path.join(temporaryFolder(), 'worse.json');
    writeFileSync(file, JSON.stringify(evaluationFile(worse, { model: {}, settings: {}, files: { data: 'a' } })));
    const { results: stored, files: of } = readEvaluation(file, 'sums');
    expect(() => refuseOtherItems(file, of, { data: 'b' })).toThrow(/an evaluation of another file of items/);
    refuseOtherItems(file, of, { data: 'a' });
    refuseOtherItems(file, of, {});
    expect(compareEvaluations(benchmark, better.results, stored, file).accuracy).toMatchObject({ n: 90 });
    expect(() => compareEvaluations(benchmark, better.results, [], file)).toThrow(/no item in common/);
    expect(() => readEvaluation(file, 'products')).toThrow(/is of sums, not of products/);
    writeFileSync(file, '{"benchmark": "sums", "items": [{"id": 1}]}');
    expect(() => readEvaluation(file, 'sums')).toThrow(/no result of isheep evaluate: items\.0\.id/);
  });
  it('tells which settings an earlier one had otherwise', () => {
    const file = path.join(temporaryFolder(), 'earlier.json');
    const items = [{ id: 'a', shares: {} }];
    writeFileSync(file, JSON.stringify({ benchmark: 'sums', items, settings: { seed: 2, form: 'chat', shots: 0 } }));
    const earlier = readEvaluation(file, 'sums').settings;
    expect(differentSettings({ seed: 1, shots: 0, maxTokens: 9 }, earlier)).toEqual([
      'form chat, here raw',
      "maxTokens the benchmark's own, here 9",
    ]);
    expect(differentSettings({ seed: 1, form: 'raw' }, {})).toEqual([]);
  });
});

describe('the items of an evaluation', () => {
  it('are the same at every limit, and a larger one adds to a smaller', () => {
    const items = Array.from({ length: 200 }, (_, i) => ({ id: `i${i}` }));
    const ids = (limit: number) => drawItems(items, limit).map(({ id }) => id);
    expect(ids(20)).toEqual(ids(20));
    expect(ids(50)).toEqual(expect.arrayContaining(ids(20)));
    expect(ids(50)).toEqual(items.map(({ id }) => id).filter((id) => ids(50).includes(id)));
    expect(ids(50)).not.toEqual(items.slice(0, 50).map(({ id }) => id));
    expect(ids(1000).length).toBe(200);
  });

  it('are those with a given answer, which no model is asked for', async () => {
    const files = { data: dataFile(10) };
    const responses = path.join(temporaryFolder(), 'responses.jsonl');
    writeFileSync(responses, '{"id": "s3", "response": "4"}\n{"id": "s1", "response": "7"}\n');
    const prepared = prepareItems({ benchmark, files, settings, responses });
    expect(prepared).toMatchObject({ of: 10, unanswered: 8 });
    expect(prepared.items.map(({ id }) => id)).toEqual(['s1', 's3']);
    const openModel = () => Promise.reject(new Error('opened'));
    const result = await evaluate({ benchmark, settings, files, openModel, ...prepared });
    expect(result.results.map(({ shares }) => shares.accuracy?.value)).toEqual([0, 100]);
  });

  it('are refused where the file has none, and given answers where log-probabilities are read', () => {
    const files = { data: dataFile(0) };
    expect(() => prepareItems({ benchmark, files, settings })).toThrow(/has no items/);
    const reader = Object.fromEntries(Object.entries(benchmark).filter(([name]) => name !== 'readAnswers'));
    const job = {
      benchmark: reader as unknown as Benchmark,
      files: { data: dataFile(1) },
      settings,
      responses: 'x.jsonl',
    };
    expect(() => prepareItems(job)).toThrow(/--responses: sums reads log-probabilities/);
  });

  it('come from named files before fetched ones, and all that is wrong is told at once', () => {
    expect(chooseFiles(benchmark, { data: 'mine' }, { data: 'fetched', examples: 'e' }, true)).toEqual({
      data: 'mine',
      examples: 'e',
    });
    const wrong = () => chooseFiles(benchmark, { judgePrompts: 'x' }, {}, true);
    expect(wrong).toThrow(/sums needs --data FILE: the items/);
    expect(wrong).toThrow(/--judge-prompts: sums has no such file/);
  });
});
