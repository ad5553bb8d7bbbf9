// What an iteration trains on and from (arXiv 2408.08072, table 2), and who judges.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { runLoop } from '../../../src/pipeline/run.js';
import { fakeEngine } from '../../support/fake-engine.js';
import { fakeRun, runFolder, stableFiles, type RunFolder } from '../../support/run-folder.js';

const folders: RunFolder[] = [];
afterEach(() => folders.splice(0).forEach((folder) => folder.remove()));

function newFolder(settings: Record<string, unknown>): RunFolder {
  const folder = runFolder({ iterations: 3, ...settings });
  folders.push(folder);
  return folder;
}

const rows = ({ runDir }: RunFolder, iteration: number, file: string) =>
  readFileSync(path.join(runDir, 'iterations', String(iteration), file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; iteration?: number; assessment?: object });

test('with accumulation 1 an iteration trains on all pairs so far, its own first', async () => {
  const folder = newFolder({ select: { share: 0.5, accumulate: 1 } });
  const { iterations } = await runLoop(fakeRun(folder));
  const kept = iterations.map(({ select }) => select.kept);
  expect(iterations.map(({ select }) => select.added)).toEqual([0, kept[0], (kept[0] ?? 0) + (kept[1] ?? 0)]);
  const third = rows(folder, 3, 'dataset.jsonl');
  expect(new Set(third.map(({ iteration = 3 }) => iteration))).toEqual(new Set([3, 2, 1]));
  expect(third.every(({ id, iteration = 3 }) => id.startsWith(`c-${iteration}-`))).toBe(true);
  expect(third.every(({ assessment }) => assessment !== undefined)).toBe(true);
});

test('held out is only what no earlier adapter was trained on', async () => {
  const folder = newFolder({
    select: { share: 0.5, accumulate: 1 },
    train: { batchSize: 2, epochs: 1, validation: 0.5 },
  });
  const { iterations } = await runLoop(fakeRun(folder));
  for (const { select, train } of iterations) {
    expect(train.heldOut).toBe(Math.round(select.kept / 2));
    expect(train.pairs).toBe(select.kept + (select.added ?? 0) - train.heldOut);
  }
});

test('an iteration may go on from the adapter before it, and a lost one is made again with all that follow', async () => {
  const folder = newFolder({ train: { batchSize: 2, epochs: 1, validation: 0, startFrom: 'last' } });
  await runLoop(fakeRun(folder));
  const whole = stableFiles(folder.runDir);
  const other = newFolder({ train: { batchSize: 2, epochs: 1, validation: 0 } });
  await runLoop(fakeRun(other));
  const adapter = (iteration: number) => path.join(String(iteration), 'adapter.gguf');
  const stateOf = ({ runDir }: RunFolder, iteration: number) =>
    (JSON.parse(readFileSync(path.join(runDir, 'iterations', adapter(iteration)), 'utf8')) as { state: string }).state;
  expect(stateOf(folder, 1)).toBe(stateOf(other, 1));
  expect(stateOf(folder, 2)).not.toBe(stateOf(other, 2));
  const stopped = newFolder({ train: { batchSize: 2, epochs: 1, validation: 0, startFrom: 'last' } });
  const stop = new AbortController();
  const first = fakeRun(stopped, { onCall: (call) => call === 'step' && stop.abort() });
  await expect(runLoop({ ...first, stop: stop.signal })).rejects.toThrow('stopped in iteration 1');
  await runLoop(fakeRun(stopped));
  expect(stableFiles(stopped.runDir)).toEqual(whole);
});

test('a lost adapter is trained again with the copies of weights that there was memory for at first', async () => {
  const folder = newFolder({ train: { batchSize: 2, epochs: 1, validation: 0 } });
  await runLoop(fakeRun(folder, { copies: 'none' }));
  const whole = stableFiles(folder.runDir);
  rmSync(path.join(folder.runDir, 'iterations', '1', 'adapter.gguf'));
  await runLoop(fakeRun(folder));
  expect(stableFiles(folder.runDir)).toEqual(whole);
});

test('the base may write the instructions of every iteration, and its adapters answer them', async () => {
  const run = async (writer: 'base' | 'current', epochs: number) => {
    const train = { batchSize: 2, epochs, validation: 0 };
    const synthesize = { chunk: 3, maxTokens: 100, demonstrations: 3, writer };
    const folder = newFolder({ iterations: 2, synthesize, train });
    const { iterations } = await runLoop(fakeRun(folder));
    const candidates = stableFiles(folder.runDir)[path.join('2', 'candidates.jsonl')];
    const pairs = stableFiles(folder.runDir)[path.join('2', 'pairs.jsonl')];
    return { candidates, pairs, by: iterations.map(({ instructionsBy }) => instructionsBy) };
  };
  const [base, baseAgain, current, currentAgain] = [
    await run('base', 1),
    await run('base', 2),
    await run('current', 1),
    await run('current', 2),
  ];
  expect(base.by).toEqual([undefined, 'base']);
  expect(baseAgain.candidates).toBe(base.candidates);
  expect(baseAgain.pairs).not.toBe(base.pairs);
  expect(current.by).toEqual([undefined, undefined]);
  expect(currentAgain.candidates).not.toBe(current.candidates);
});

test('the base may judge what its adapters wrote, and then nothing recorded while writing is taken', async () => {
  const own = newFolder({ assess: { method: 'likelihood', chunk: 7 } });
  const base = newFolder({ assess: { method: 'likelihood', judge: 'base', chunk: 7 } });
  await runLoop(fakeRun(own));
  await runLoop(fakeRun(base));
  const dataset = (folder: RunFolder, iteration: number) =>
    stableFiles(folder.runDir)[path.join(String(iteration), 'pairs.jsonl')];
  expect(dataset(base, 1)).toBe(dataset(own, 1));
  expect(dataset(base, 2)).not.toBe(dataset(own, 2));
});

test('another model may judge; it is known by what its file holds, and is never open beside the base', async () => {
  const folder = newFolder({
    iterations: 1,
    assess: { method: 'expected', judge: 'judge.gguf', chunk: 7 },
    select: { threshold: 0 },
  });
  const judgePath = path.join(folder.dir, 'seeds.jsonl');
  const run = fakeRun(folder);
  const open: string[] = [];
  const told = (name: string, factory: () => ReturnType<typeof run.engine.openModel>) => async () => {
    const model = await factory();
    open.push(name);
    return Object.assign(model, { dispose: () => Promise.resolve(void open.splice(open.indexOf(name), 1)) });
  };
  const beside: string[][] = [];
  const judging = fakeEngine({ onCall: () => beside.push([...open]) });
  const engine = {
    ...run.engine,
    openModel: told('model', () => run.engine.openModel({})),
    openJudge: told('judge', () => judging.openModel({})),
  };
  await runLoop({ ...run, engine, judgePath });
  expect(beside.length).toBeGreaterThan(0);
  expect(new Set(beside.flat())).toEqual(new Set(['judge']));
  const record = JSON.parse(readFileSync(path.join(folder.runDir, 'config.json'), 'utf8')) as {
    inputs: { judge: object };
  };
  expect(record.inputs.judge).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  await expect(runLoop({ ...run, engine, judgePath: folder.modelPath })).rejects.toThrow('judge (sha256)');
});
