// The loop on the small real model, as short as it can be: two iterations of a few instructions. What it proves is that
// every stage does its real work, that the second iteration is written by the first one's adapter, and that llama.cpp
// takes the adapters; what such a short training is worth is not the question.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createLlamaEngine } from '../../src/engine/llama-engine.js';
import type { RunSummary } from '../../src/pipeline/events.js';
import { runLoop, type RunOptions } from '../../src/pipeline/run.js';
import { readStatus } from '../../src/pipeline/status.js';
import { realModelPath } from '../support/models.js';
import { runFolder, shortRealConfig, shortSeeds, type RunFolder } from '../support/run-folder.js';

/** Milliseconds; with nothing else to do it takes about a minute. */
const timeoutMs = 600_000;

let folder: RunFolder;
let options: RunOptions;
let summary: RunSummary;

beforeAll(async () => {
  folder = runFolder();
  const model = realModelPath();
  const config = shortRealConfig(model, folder);
  const engine = createLlamaEngine({ model, device: 'cpu', threads: config.threads });
  options = { runDir: folder.runDir, config, modelPath: model, engine, report: () => undefined };
  summary = await runLoop(options);
}, timeoutMs);
afterAll(() => folder.remove());

test('two iterations write, answer, judge and train, the second one by the first one’s adapter', () => {
  expect(summary.iterations).toHaveLength(2);
  const [first, second] = summary.iterations;
  expect(first?.model).toBe('base');
  expect(second?.model).toEqual({ adapterSha256: first?.train.adapterSha256 });
  for (const iteration of summary.iterations) {
    expect(iteration.synthesize.kept).toBe(6);
    expect(iteration.respond.responses).toBe(6);
    expect(iteration.respond.tokens).toBeGreaterThan(6);
    expect(iteration.select.kept).toBeGreaterThan(0);
    expect(iteration.train.lossTokens).toBeGreaterThan(0);
    expect(iteration.train.lastLoss).toBeGreaterThan(0);
  }
});

test('the responses of the two iterations are different texts', () => {
  const [first, second] = ['1', '2'].map((t) =>
    readFileSync(path.join(folder.runDir, 'iterations', t, 'pairs.jsonl'), 'utf8'),
  );
  expect(first).not.toBe(second);
});

test('base and adapters are compared on the same seed pairs, under llama.cpp', () => {
  const [first, second] = summary.iterations.map(({ evaluate }) => evaluate);
  expect(first?.seedPairs).toBe(shortSeeds);
  expect(first?.seedLossBase).toBe(second?.seedLossBase);
  expect(first?.seedLossAdapter).not.toBe(first?.seedLossBase);
});

test('the run is finished, and the same command tells the same again', async () => {
  expect(readStatus(folder.runDir).isFinished).toBe(true);
  expect(await runLoop(options)).toEqual(summary);
});
