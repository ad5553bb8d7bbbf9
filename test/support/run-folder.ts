// A small run for tests: seeds, a configuration of few and short chunks, and what a run leaves behind.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { configSchema, type Config } from '../../src/config/schema.js';
import type { RunEvent } from '../../src/pipeline/events.js';
import type { RunOptions } from '../../src/pipeline/run.js';
import { deriveSeed } from '../../src/shared/random.js';
import { fakeEngine, type FakeEngineOptions } from './fake-engine.js';
import { fakeSentence } from './fake-text.js';

const ownSeeds = new URL('../../src/stages/synthesize/seeds.jsonl', import.meta.url);

/** Of the whole run of tests (global-setup.ts), in memory where that can be. */
const quickFolder = process.env.ISHEEP_TESTS_QUICK ?? tmpdir();

export interface RunFolder {
  dir: string;
  runDir: string;
  config: Config;
  modelPath: string;
  remove(): void;
}

/** Everything that a run needs beside an engine, in a temporary folder. */
export function runFolder(overrides: Record<string, unknown> = {}): RunFolder {
  const dir = mkdtempSync(path.join(quickFolder, 'isheep-run-'));
  const modelPath = path.join(dir, 'base.gguf');
  const seeds = path.join(dir, 'seeds.jsonl');
  writeFileSync(modelPath, 'the weights');
  writeFileSync(seeds, seedLines(20));
  return {
    dir,
    runDir: path.join(dir, 'run'),
    config: smallConfig({ model: modelPath, seeds, ...overrides }),
    modelPath,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export function smallConfig(overrides: Record<string, unknown>): Config {
  return configSchema.parse({
    iterations: 2,
    instructions: 24,
    synthesize: { chunk: 3, maxTokens: 100, demonstrations: 3 },
    respond: { chunk: 5, maxTokens: 50 },
    assess: { method: 'likelihood', chunk: 7 },
    gate: { suite: [] },
    train: { batchSize: 2, epochs: 2, validation: 0.2 },
    ...overrides,
    // What pairs the model writes, not what is made of them.
    constraints: { hindsight: 0, repair: false, perInstruction: 1, ...(overrides.constraints ?? {}) },
    select: { share: 0.8, questions: 0, circles: 0, ...(overrides.select ?? {}) },
  });
}

/** A run on a real model that is as short as it can be: a minute where nothing else is done. On the shortest of isheep's
 *  seeds, all of which each iteration's adapter is compared on. */
export function shortRealConfig(model: string, folder: Pick<RunFolder, 'dir'>): Config {
  const seeds = path.join(folder.dir, 'short-seeds.jsonl');
  writeFileSync(seeds, shortestSeeds(shortSeeds));
  return smallConfig({
    model,
    seeds,
    device: 'cpu',
    // One thread: two that other tests interrupt wait for each other at every operation.
    threads: 1,
    instructions: 6,
    synthesize: { demonstrations: 3, maxTokens: 120, maxTasks: 3, chunk: 4 },
    respond: { maxTokens: 40, chunk: 6 },
    // A response of 40 tokens is rarely finished, and a long one is not what is tested here.
    filter: { rules: ['instruction-length', 'novelty', 'empty-response'] },
    assess: { method: 'likelihood', chunk: 6 },
    select: { share: 1 },
    train: { batchSize: 2, epochs: 1, maxLength: 128, validation: 0, learningRate: 2e-4, warmupSteps: 1 },
  });
}

export const shortSeeds = 12;

/** Lines of isheep's own seeds. */
function shortestSeeds(n: number): string {
  const lines = readFileSync(ownSeeds, 'utf8').split('\n').filter(Boolean);
  const shortest = lines.sort((a, b) => a.length - b.length).slice(0, n);
  return shortest.map((line) => `${line}\n`).join('');
}

export function seedLines(n: number): string {
  const rows = Array.from({ length: n }, (_, i) => ({
    id: `seed-${i}`,
    instruction: fakeSentence(deriveSeed(99, 'instruction', i), 8),
    input: i % 2 === 0 ? '' : fakeSentence(deriveSeed(99, 'input', i), 6),
    output: fakeSentence(deriveSeed(99, 'output', i), 10),
  }));
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Options of a run on a fake engine, with the events that it reports. */
export function fakeRun(
  { runDir, config, modelPath }: RunFolder,
  engineOptions: FakeEngineOptions = {},
): RunOptions & { events: RunEvent[]; engine: ReturnType<typeof fakeEngine> } {
  const events: RunEvent[] = [];
  const engine = fakeEngine(engineOptions);
  return { runDir, config, modelPath, engine, events, report: (event) => events.push(event) };
}

/** sha256 of the files that must not differ between an undisturbed and a resumed run, by path inside the run's folder. */
export function stableFiles(runDir: string): Record<string, string> {
  const iterations = path.join(runDir, 'iterations');
  const files = readdirSync(iterations, { recursive: true, encoding: 'utf8' }).sort();
  const stable = files.filter((file) => /\.(jsonl|json|gguf)$/.test(file) && path.basename(file) !== 'train.jsonl');
  return Object.fromEntries(stable.map((file) => [file, sha256(path.join(iterations, file))]));
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
