import { existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../../src/pipeline/events.js';
import { runLoop } from '../../../src/pipeline/run.js';
import { IsheepError } from '../../../src/shared/errors.js';
import { acquireLock } from '../../../src/store/lock.js';
import { fakeRun, runFolder, smallConfig, stableFiles, type RunFolder } from '../../support/run-folder.js';

let folder: RunFolder;
beforeEach(() => {
  folder = runFolder();
});
afterEach(() => folder.remove());

const inRun = (...parts: string[]) => path.join(folder.runDir, ...parts);
const readRows = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function failure(work: Promise<unknown>): Promise<IsheepError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof IsheepError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a run', () => {
  test('leaves the files of the contract, and a summary that says what happened', async () => {
    const run = fakeRun(folder);
    const summary = await runLoop(run);
    expect(readdirSync(folder.runDir).sort()).toEqual(['config.json', 'iterations', 'run.db', 'run.lock']);
    for (const iteration of ['1', '2']) {
      expect(readdirSync(inRun('iterations', iteration)).sort()).toEqual([
        'adapter.gguf',
        'candidates.jsonl',
        'dataset.jsonl',
        'evaluation.json',
        'pairs.jsonl',
        'train.jsonl',
      ]);
    }
    const [first, second] = summary.iterations;
    expect(first?.model).toBe('base');
    expect(second?.model).toEqual({ adapterSha256: first?.train.adapterSha256 });
    expect(first?.synthesize.kept).toBe(24);
    expect(first?.respond.responses).toBe(24);
    expect(first?.train.pairs).toBe((first?.select.kept ?? 0) - (first?.train.heldOut ?? 0));
    expect(first?.evaluate.seedLossAdapter).toBeLessThan(first?.evaluate.seedLossBase ?? 0);
    expect(summary.best).toBe(1);
  });

  test('writes rows with the fields of the contract', async () => {
    await runLoop(fakeRun(folder));
    const candidates = readRows(inRun('iterations', '1', 'candidates.jsonl'));
    expect(Object.keys(candidates[0] ?? {})).toEqual(['id', 'instruction', 'input', 'verdicts', 'source']);
    expect(candidates[0]?.id).toBe('c-1-1');
    const pairs = readRows(inRun('iterations', '1', 'pairs.jsonl'));
    expect(pairs).toHaveLength(24);
    expect(Object.keys(pairs[0] ?? {})).toEqual([
      'id',
      'instruction',
      'input',
      'response',
      'verdicts',
      'assessment',
      'source',
    ]);
    const dataset = readRows(inRun('iterations', '1', 'dataset.jsonl'));
    const ranks = dataset.map((row) => (row.assessment as { rank: number }).rank);
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a));
    const [heldOut] = readRows(inRun('iterations', '1', 'train.jsonl'));
    expect(Object.keys(heldOut ?? {})).toEqual(['step', 'held_out_loss', 'held_out_tokens']);
  });

  test('tells of every stage, and its chunks, in order', async () => {
    const run = fakeRun(folder);
    await runLoop(run);
    const started = run.events.flatMap((event) => (event.kind === 'stage-started' ? [event.stage] : []));
    const once = ['synthesize', 'respond', 'filter', 'assess', 'select', 'train', 'evaluate'];
    expect(started).toEqual([...once, ...once]);
    const done = run.events.flatMap((e) =>
      e.kind === 'stage-progress' && e.stage === 'respond' && e.iteration === 1 ? [e.done] : [],
    );
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(24);
    expect(run.events.at(-1)?.kind).toBe('run-finished');
  });

  test('holds one engine at a time', async () => {
    const run = fakeRun(folder);
    await runLoop(run);
    expect(run.engine.log.opened).toEqual(['model', 'trainer', 'model', 'trainer', 'model']);
  });

  test('makes the same bytes in another folder', async () => {
    await runLoop(fakeRun(folder));
    const other = runFolder();
    await runLoop(fakeRun(other));
    expect(stableFiles(other.runDir)).toEqual(stableFiles(folder.runDir));
    other.remove();
  });

  test('makes other data with another seed', async () => {
    await runLoop(fakeRun(folder));
    const other = runFolder({ seed: 2 });
    await runLoop(fakeRun(other));
    const name = path.join('1', 'dataset.jsonl');
    expect(stableFiles(other.runDir)[name]).not.toBe(stableFiles(folder.runDir)[name]);
    other.remove();
  });

  test('trains on all pairs that pass the filters where no grade counts, and judges none', async () => {
    const unjudged = runFolder({ select: { grades: 'none' } });
    const { iterations } = await runLoop(fakeRun(unjudged));
    for (const { assess, filter, select } of iterations) {
      expect(assess).toMatchObject({ method: 'none', assessed: 0, failed: {} });
      expect(select).toEqual({ kept: filter.passed, rule: 'all, at most 3000', notKept: {} });
    }
    expect(readRows(path.join(unjudged.runDir, 'iterations', '1', 'pairs.jsonl'))[0]).not.toHaveProperty('assessment');
    unjudged.remove();
  });

  test('calls the base best where no adapter lowers the loss', async () => {
    const summary = await runLoop(fakeRun(folder, { lossFactor: 1.1 }));
    expect(summary.best).toBeNull();
  });
});

describe('a finished run', () => {
  test('tells the same again, and opens no engine', async () => {
    const summary = await runLoop(fakeRun(folder));
    const again = fakeRun(folder);
    expect(await runLoop(again)).toEqual(summary);
    expect(again.engine.log.opened).toEqual([]);
    expect(again.events.map((event) => event.kind)).toEqual([
      'run-started',
      'iteration-started',
      'iteration-started',
      'run-finished',
    ]);
    expect(again.events[0]).toMatchObject({ continued: true });
  });

  test('writes its files again where they are missing or truncated', async () => {
    await runLoop(fakeRun(folder));
    const before = stableFiles(folder.runDir);
    rmSync(inRun('config.json'));
    rmSync(inRun('iterations', '1', 'candidates.jsonl'));
    truncateSync(inRun('iterations', '2', 'dataset.jsonl'), 10);
    rmSync(inRun('iterations', '2', 'evaluation.json'));
    await runLoop(fakeRun(folder));
    expect(stableFiles(folder.runDir)).toEqual(before);
    expect(existsSync(inRun('config.json'))).toBe(true);
  });

  test('trains a lost adapter again, and gets the same bytes', async () => {
    await runLoop(fakeRun(folder));
    const before = stableFiles(folder.runDir);
    truncateSync(inRun('iterations', '1', 'adapter.gguf'), 10);
    const again = fakeRun(folder);
    await runLoop(again);
    expect(stableFiles(folder.runDir)).toEqual(before);
    expect(again.events).toContainEqual({
      kind: 'warning',
      message: `${inRun('iterations', '1', 'adapter.gguf')} is missing or damaged; it is trained again from the same dataset`,
    });
  });

  test('goes on where it had ended when more iterations are asked for, as if they had been from the start', async () => {
    const long = runFolder({ iterations: 3 });
    await runLoop(fakeRun(long));
    await runLoop(fakeRun(folder));
    const more = fakeRun(folder);
    const summary = await runLoop({ ...more, config: { ...folder.config, iterations: 3 } });
    expect(summary.iterations).toHaveLength(3);
    const started = more.events.flatMap((event) => (event.kind === 'stage-started' ? [event.iteration] : []));
    expect(new Set(started)).toEqual(new Set([3]));
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(long.runDir));
    expect(readFileSync(inRun('config.json'), 'utf8')).toMatch(/"iterations": 3/);
    const fewer = await failure(runLoop(fakeRun(folder)));
    expect(fewer.message).toMatch(/started with other settings: iterations was 3, is now 2$/);
    long.remove();
  });
});

describe('an interrupted run', () => {
  const until = (kind: RunEvent['kind'], stage: string, nth: number) => {
    let seen = 0;
    return (event: RunEvent) => event.kind === kind && 'stage' in event && event.stage === stage && ++seen === nth;
  };

  test.each([
    ['synthesize', 2],
    ['respond', 3],
    ['assess', 2],
    ['train', 3],
    ['evaluate', 1],
  ])('that was asked to stop in %s says how to continue, and continues to the same bytes', async (stage, nth) => {
    const undisturbed = runFolder();
    await runLoop(fakeRun(undisturbed));
    const run = fakeRun(folder);
    const stop = new AbortController();
    const isMoment = until(stage === 'evaluate' ? 'stage-started' : 'stage-progress', stage, nth);
    const report = (event: RunEvent) => {
      if (isMoment(event)) stop.abort();
    };
    const error = await failure(
      runLoop({ ...run, report, stop: stop.signal, continueCommand: 'isheep run --run here' }),
    );
    expect(error.code).toBe('interrupted');
    expect(error.exitCode).toBe(130);
    expect(error.hint).toBe('continue with: isheep run --run here');
    const again = fakeRun(folder);
    await runLoop(again);
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
    undisturbed.remove();
  });

  test('that was cancelled in a call keeps what was committed before', async () => {
    const run = fakeRun(folder, {
      onCall: (call) => {
        if (call === 'generate' && ++calls === 3) cancel.abort();
      },
    });
    let calls = 0;
    const cancel = new AbortController();
    const error = await failure(runLoop({ ...run, cancel: cancel.signal }));
    expect(error.code).toBe('interrupted');
    expect(error.hint).toContain(`continue with: isheep run --run ${folder.runDir}`);
    const again = fakeRun(folder);
    await runLoop(again);
    const continued = again.events.find((event) => event.kind === 'stage-started');
    expect(continued).toMatchObject({ stage: 'synthesize', total: 24 });
    expect((continued as { done: number }).done).toBeGreaterThan(0);
  });

  test('whose engine fails keeps what was committed before, and continues to the same bytes', async () => {
    const undisturbed = runFolder();
    await runLoop(fakeRun(undisturbed));
    for (const failing of [1, 3, 7, 12]) {
      let calls = 0;
      const onCall = () => {
        if (++calls === failing) throw new IsheepError('native-failure', 'the device is gone');
      };
      expect((await failure(runLoop(fakeRun(folder, { onCall })))).code).toBe('native-failure');
    }
    await runLoop(fakeRun(folder));
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
    undisturbed.remove();
  });

  test('reuses what was chosen at its start', async () => {
    const stop = new AbortController();
    stop.abort();
    await failure(runLoop({ ...fakeRun(folder), stop: stop.signal }));
    const again = fakeRun(folder);
    await runLoop(again);
    expect(again.engine.log.choices).toEqual([{ threads: 2, device: 'fake' }]);
  });

  test('goes on with other threads, and says so in its record', async () => {
    const stop = new AbortController();
    stop.abort();
    await failure(runLoop({ ...fakeRun(folder), stop: stop.signal }));
    await runLoop({ ...fakeRun(folder), config: { ...folder.config, threads: 7 } });
    expect(readFileSync(inRun('config.json'), 'utf8')).toMatch(/"threads": 7/);
  });
});

describe('a run is refused', () => {
  test('where its settings changed, each named with what it was and is', async () => {
    await runLoop(fakeRun(folder));
    const other = { ...folder.config, seed: 7, train: { ...folder.config.train, rank: 4 } };
    const error = await failure(runLoop({ ...fakeRun(folder), config: other }));
    expect(error.code).toBe('run-changed');
    expect(error.message).toBe(
      `the run ${folder.runDir} was started with other settings: seed was 1, is now 7; train.rank was 16, is now 4`,
    );
  });

  test('where the base or the seeds are other files, and not where they only moved', async () => {
    await runLoop(fakeRun(folder));
    const moved = path.join(folder.dir, 'moved.gguf');
    writeFileSync(moved, 'the weights');
    await runLoop({ ...fakeRun(folder), modelPath: moved, config: { ...folder.config, model: moved } });
    writeFileSync(moved, 'other weights');
    const error = await failure(runLoop({ ...fakeRun(folder), modelPath: moved }));
    expect(error.code).toBe('run-changed');
    expect(error.message).toMatch(
      /started with other settings: base \(sha256\) was [0-9a-f]{64}, is now [0-9a-f]{64}$/,
    );
  });

  test('while another process works on it', async () => {
    const lock = acquireLock(folder.runDir);
    const error = await failure(runLoop(fakeRun(folder)));
    lock.release();
    expect(error.code).toBe('run-locked');
    expect(error.message).toBe(`the run ${folder.runDir} is in use by process ${process.pid}`);
  });

  test('where its database is gone or damaged, and its files stay', async () => {
    await runLoop(fakeRun(folder));
    const before = stableFiles(folder.runDir);
    writeFileSync(inRun('run.db'), 'not a database, for sure');
    expect((await failure(runLoop(fakeRun(folder)))).code).toBe('corrupt-run');
    truncateSync(inRun('run.db'), 0);
    expect((await failure(runLoop(fakeRun(folder)))).message).toBe(
      `${inRun('run.db')} cannot be read as a run database: the file is empty`,
    );
    rmSync(inRun('run.db'));
    expect((await failure(runLoop(fakeRun(folder)))).message).toBe(
      `${inRun('run.db')} cannot be read as a run database: the file is missing`,
    );
    expect(stableFiles(folder.runDir)).toEqual(before);
  });

  test('where the filters keep no response, with the reasons', async () => {
    const error = await failure(runLoop(fakeRun(folder, { respond: () => '' })));
    expect(error.code).toBe('nothing-usable');
    expect(error.message).toBe('the filters rejected all 24 responses of iteration 1: 24 empty-response');
  });

  test('where selection keeps nothing, with the rule', async () => {
    const config = smallConfig({ ...folder.config, assess: { method: 'sampled', chunk: 7 } });
    const error = await failure(runLoop({ ...fakeRun(folder), config }));
    expect(error.code).toBe('nothing-usable');
    expect(error.message).toMatch(/^none of the 24 pairs of iteration 1 was kept \(/);
  });

  test('where no pair is graded above the threshold, with the highest grades', async () => {
    const [assess, select] = [{ method: 'expected' }, { threshold: 10 }];
    const error = await failure(
      runLoop({ ...fakeRun(folder), config: smallConfig({ ...folder.config, assess, select }) }),
    );
    expect(error.code).toBe('nothing-usable');
    expect(error.hint).toMatch(/^the highest grades were \d\.\d for quality and \d\.\d for following; look at them/);
  });

  test('where the seeds cannot be read, before a folder is made', async () => {
    const config = { ...folder.config, seeds: path.join(folder.dir, 'absent.jsonl') };
    expect((await failure(runLoop({ ...fakeRun(folder), config }))).code).toBe('bad-input');
    expect(existsSync(folder.runDir)).toBe(false);
  });
});
