// Runs that select by what they measure, on a fake engine; clusters are the addon's.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../src/pipeline/events.js';
import { plan } from '../../src/pipeline/plan.js';
import { runLoop } from '../../src/pipeline/run.js';
import { fakeRun, runFolder, type RunFolder, stableFiles } from '../support/run-folder.js';

const opened: RunFolder[] = [];
afterEach(() => opened.splice(0).forEach((folder) => folder.remove()));

function folderOf(select: Record<string, unknown>): RunFolder {
  const folder = runFolder({ select: { chunk: 5, clusters: 6, maxPerplexity: 5.5, ...select } });
  opened.push(folder);
  return folder;
}

const rowsOf = (folder: RunFolder, name: string) =>
  readFileSync(path.join(folder.runDir, 'iterations', '1', name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const warnings = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));

const methods = ['perplexity', 'density', 'density+perplexity'];

describe.each(methods)('a run that selects by %s', (by) => {
  test('judges nothing, says by what it chose, and leaves what it measured in its files', async () => {
    const folder = folderOf({ by });
    const run = fakeRun(folder);
    const { iterations } = await runLoop(run);
    expect(warnings(run.events)).toEqual([]);
    const [first] = iterations;
    expect(first?.assess).toMatchObject({ method: 'none', assessed: 0 });
    const { kept = 0, rule = '', notKept = {} } = first?.select ?? {};
    expect(rule).toMatch(by === 'perplexity' ? /^perplexity of response and pair/ : /^one of each of 6 clusters/);
    expect(Object.keys(notKept)).toEqual([by === 'perplexity' ? 'over-perplexity' : 'same-cluster']);
    expect(kept + Object.values(notKept).reduce((a, b) => a + b, 0)).toBe(first?.filter.passed);
    if (by !== 'perplexity') expect(kept).toBe(6);

    const fields = { perplexity: ['perplexity'], density: ['cluster'] }[by] ?? ['perplexity', 'cluster'];
    const dataset = rowsOf(folder, 'dataset.jsonl');
    expect(dataset).toHaveLength(kept);
    expect(Object.keys(dataset[0] ?? {})).toEqual(['id', 'instruction', 'input', 'response', ...fields]);
    const measured = rowsOf(folder, 'pairs.jsonl').filter((row) => fields.every((field) => field in row));
    expect(measured).toHaveLength(first?.filter.passed ?? 0);
  });

  test.each([1, 3, 4])('continues to the same bytes where it was stopped at step %i of measuring', async (nth) => {
    const undisturbed = folderOf({ by });
    await runLoop(fakeRun(undisturbed));
    const folder = folderOf({ by });
    const stop = new AbortController();
    let seen = 0;
    const report = (event: RunEvent) => {
      if (event.kind === 'stage-progress' && event.stage === 'select' && ++seen === nth) stop.abort();
    };
    await expect(runLoop({ ...fakeRun(folder), report, stop: stop.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
    const again = fakeRun(folder);
    await runLoop(again);
    const started = again.events.find((event) => event.kind === 'stage-started');
    expect(started).toMatchObject({ stage: 'select' });
    expect((started as { done: number }).done).toBeGreaterThan(0);
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
  });

  test('is forecast', async () => {
    const { runDir, config, modelPath, engine } = fakeRun(folderOf({ by }));
    const { stages } = await plan({ runDir, config, modelPath, engine });
    expect(stages.find(({ stage }) => stage === 'assess')?.count).toBe(0);
    expect(stages.find(({ stage }) => stage === 'select')?.seconds).toBeGreaterThan(0);
  });
});

test('half as many clusters as pairs are made where there are no more pairs than clusters, and the run says so', async () => {
  const run = fakeRun(folderOf({ by: 'density', clusters: 23 }));
  run.config.filter.rules = ['empty-response'];
  run.config.instructions = 20; // as where filters leave less than was hoped for
  const { iterations } = await runLoop(run);
  expect(iterations[0]?.select).toMatchObject({ kept: 10, notKept: { 'same-cluster': 10 } });
  expect(warnings(run.events)).toContain('20 pairs are no more than select.clusters 23: 10 clusters are made');
});

test('a limit that nothing is below says how low it could be', async () => {
  const failed = runLoop(fakeRun(folderOf({ by: 'perplexity', maxPerplexity: 1.5 })));
  await expect(failed).rejects.toMatchObject({
    code: 'nothing-usable',
    message: expect.stringMatching(/^none of the 24 pairs of iteration 1 was kept .*24 over-perplexity$/) as string,
    hint: expect.stringMatching(/^the least surprising pair has a perplexity of \d\.\d; /) as string,
  });
});
