// The gate of a run, on an engine without a model: what it measures, what it decides, and what follows.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { styleFor } from '../../../src/cli/style.js';
import { formatRunSummary } from '../../../src/cli/summary.js';
import { runLoop } from '../../../src/pipeline/run.js';
import type { RunEvent } from '../../../src/pipeline/events.js';
import { readStatus } from '../../../src/pipeline/status.js';
import type { GateResult } from '../../../src/pipeline/stored-rows.js';
import type { FakeEngineOptions } from '../../support/fake-engine.js';
import { fakeRun, runFolder, stableFiles, type RunFolder } from '../../support/run-folder.js';

const plainStyle = styleFor({ write: () => undefined }, {});

let folder: RunFolder | undefined;
afterEach(() => folder?.remove());

function gated(gate: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
  folder = runFolder({ gate, ...more });
  return folder;
}

function evaluation({ runDir }: RunFolder, iteration: number): { gate: GateResult } {
  const file = path.join(runDir, 'iterations', String(iteration), 'evaluation.json');
  return JSON.parse(readFileSync(file, 'utf8')) as { gate: GateResult };
}

/** Never more than there are, all of them in the end, and what is measured of whom; tokens never, since parts differ. */
function expectHonestProgress(told: readonly RunEvent[]): void {
  const steps = told.filter(
    (event) => event.kind === 'stage-progress' && event.stage === 'gate' && event.iteration === 1,
  );
  const counts = steps.flatMap((event) => (event.kind === 'stage-progress' ? [event] : []));
  expect(counts.length).toBeGreaterThan(1);
  const { total = 0 } = counts[0] ?? {};
  expect(counts.every((event) => event.total === total && event.done <= total)).toBe(true);
  expect(counts.at(-1)?.done).toBe(total);
  expect(new Set(counts.map(({ doing, tokens }) => `${doing}: ${tokens}`))).toEqual(
    new Set(['knowledge, base: 0', 'knowledge, adapter: 0']),
  );
}

test('a model that is better is kept, compared with the base and with the model that wrote its data', async () => {
  const folder = gated({ suite: ['seed-loss', 'knowledge'] });
  const told: RunEvent[] = [];
  const summary = await runLoop({ ...fakeRun(folder), report: (event) => told.push(event) });
  expectHonestProgress(told);
  expect(summary).toMatchObject({ best: 1, isEndedByGate: false });
  const first = evaluation(folder, 1).gate;
  expect(first.againstBase['seed-loss']).toMatchObject({ lowerIsBetter: true, n: 20 });
  expect(first.againstBase['seed-loss']?.difference).toBeLessThan(0);
  expect(first.verdict).toMatchObject({ kept: true, gained: true });
  expect(first.againstWriter).toBeNull();
  // The fake adapters of both iterations are equally good.
  const second = evaluation(folder, 2).gate;
  expect(second.againstWriter?.['seed-loss']?.difference).toBe(0);
  expect(second.againstWriter?.knowledge?.n).toBe(second.counts.knowledge);
  expect(second.againstBase['seed-loss']).toEqual(first.againstBase['seed-loss']);
  const text = formatRunSummary(summary, plainStyle);
  expect(text).toMatch(/gate {8}knowledge: base .*\n {14}seed-loss: .* −0\.\d+, p < 0\.001, 20 items/);
  expect(text).toContain('kept, the best so far: a gain: score');
});

test('a model that is worse is rolled back: it writes nothing, the run ends, and the base is best', async () => {
  const folder = gated({}, { iterations: 5 });
  const run = fakeRun(folder, { lossFactor: 2.5 });
  const summary = await runLoop(run);
  expect(summary).toMatchObject({ best: null, isEndedByGate: true });
  expect(summary.iterations.map(({ model }) => model)).toEqual(['base', 'base']);
  expect(evaluation(folder, 1).gate.verdict).toMatchObject({ kept: false, stops: false });
  expect(evaluation(folder, 2).gate.verdict).toMatchObject({ kept: false, stops: true });
  expect(existsSync(path.join(folder.runDir, 'iterations', '3'))).toBe(false);
  const text = formatRunSummary(summary, plainStyle);
  expect(text).toContain('rolled back: worse than the base in seed-loss');
  expect(text).toContain('the gate ended the run after iteration 2');
  expect(text).toContain('best: the base; no iteration gained on it in the gate');
  expect(readStatus(folder.runDir)).toMatchObject({ isFinished: true, best: null });
  // The same command again has nothing left to do.
  expect(await runLoop(fakeRun(folder, { lossFactor: 2.5 }))).toEqual(summary);
});

test('an adapter that was rolled back and lost may come out otherwise, and its files tell of the new one', async () => {
  const folder = gated({}, { iterations: 2 });
  await runLoop(fakeRun(folder, { lossFactor: 2.5 }));
  const before = JSON.stringify(evaluation(folder, 1));
  rmSync(path.join(folder.runDir, 'iterations', '1', 'adapter.gguf'));
  const summary = await runLoop(fakeRun(folder, { lossFactor: 2.6 }));
  expect(JSON.stringify(evaluation(folder, 1))).not.toBe(before);
  expect(evaluation(folder, 1).gate).toEqual(summary.iterations[0]?.gate);
});

test('with patience 0 the run never ends early, and what was rolled back is not trained on from', async () => {
  const folder = gated({ patience: 0 }, { iterations: 3, train: { batchSize: 2, startFrom: 'last' } });
  const summary = await runLoop(fakeRun(folder, { lossFactor: 2.5 }));
  expect(summary.iterations.map(({ model }) => model)).toEqual(['base', 'base', 'base']);
  expect(summary).toMatchObject({ isEndedByGate: false });
});

test('merge.when last merges where the gate ends the run', async () => {
  const folder = gated({}, { iterations: 5, merge: { when: 'last' } });
  const summary = await runLoop(fakeRun(folder, { lossFactor: 2.5 }));
  expect(summary.iterations.map(({ merge }) => merge !== undefined)).toEqual([false, true]);
});

test('counts follow the number of instructions, and none is no gate', async () => {
  const folder = gated({ suite: ['constraints'], share: 2 });
  await runLoop(fakeRun(folder));
  expect(evaluation(folder, 1).gate.counts).toEqual({ constraints: 48 });
  const without = gated({ suite: ['none'] });
  const run = fakeRun(without);
  const summary = await runLoop(run);
  expect(JSON.stringify([summary, run.events, evaluation(without, 1)])).not.toContain('"gate"');
});

test('a gate that has nothing to decide by is told of, and the run goes on as without one', async () => {
  // The fake engine's judge cannot tell the seeds' own answers from spoilt ones.
  const folder = gated({ suite: ['win-rate'] }, { iterations: 3 });
  const run = fakeRun(folder);
  const summary = await runLoop(run);
  expect(summary).toMatchObject({ best: 1, isEndedByGate: false });
  expect(summary.iterations).toHaveLength(3);
  const warnings = run.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  expect(warnings.filter((message) => message.startsWith('the gate has nothing to decide by'))).toHaveLength(1);
  const text = formatRunSummary(summary, plainStyle);
  expect(text).toContain('no verdict: nothing could be measured');
  expect(text).not.toContain('gained on it in the gate');
});

test('where the base writes again since its adapter was rolled back, it is asked as in the first iteration', async () => {
  const asked: string[] = [];
  const folder = gated({}, { iterations: 2, chatTemplate: 'chatml', respond: { chunk: 5, maxTokens: 50 } });
  const respond = ({ prompt }: { prompt: object }) => {
    if (stage === 'respond') asked.push('text' in prompt ? 'plain' : 'messages');
    return 'Tea is made of leaves, and they are dried in the sun for days.';
  };
  let stage = '';
  const run = fakeRun(folder, { lossFactor: 2.5, respond });
  await runLoop({
    ...run,
    report: (event) => {
      if (event.kind === 'stage-started') ({ stage } = event);
    },
  });
  expect(evaluation(folder, 1).gate.verdict.kept).toBe(false);
  expect(new Set(asked)).toEqual(new Set(['plain']));
});

test('the base is measured once', async () => {
  const folder = gated({ suite: ['knowledge'] });
  const asked: string[] = [];
  let stage = '';
  const options: FakeEngineOptions = { onCall: (call) => stage === 'gate' && asked.push(call) };
  const run = fakeRun(folder, options);
  const counts: number[] = [];
  await runLoop({
    ...run,
    report: (event) => {
      if (event.kind === 'stage-started') ({ stage } = event);
      if (event.kind === 'stage-finished' && event.stage === 'gate') counts.push(asked.splice(0).length);
    },
  });
  const chunks = Math.ceil((evaluation(folder, 1).gate.counts.knowledge ?? 0) / 64);
  expect(counts).toEqual([2 * chunks, chunks]);
});

test('a run that is stopped within its gate continues to the same bytes', async () => {
  const undisturbed = gated();
  await runLoop(fakeRun(undisturbed));
  const expected = stableFiles(undisturbed.runDir);
  undisturbed.remove();
  const folder = gated();
  let calls = 0;
  let stage = '';
  const stop = new AbortController();
  const run = fakeRun(folder, { onCall: () => stage === 'gate' && ++calls === 3 && stop.abort() });
  const report = (event: (typeof run.events)[number]) => {
    if (event.kind === 'stage-started') ({ stage } = event);
  };
  await expect(runLoop({ ...run, report, stop: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
  expect(readStatus(folder.runDir).iterations[0]?.stages.find((one) => one.stage === 'gate')?.state).toBe('started');
  await runLoop(fakeRun(folder));
  expect(stableFiles(folder.runDir)).toEqual(expected);
});
