// Runs that start from a person's own instructions or documents.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { configSchema, type Config } from '../../../src/config/schema.js';
import type { RunEvent } from '../../../src/pipeline/events.js';
import { plan } from '../../../src/pipeline/plan.js';
import { preview } from '../../../src/pipeline/preview.js';
import { runLoop } from '../../../src/pipeline/run.js';
import { readStatus } from '../../../src/pipeline/status.js';
import { IsheepError } from '../../../src/shared/errors.js';
import { deriveSeed } from '../../../src/shared/random.js';
import type { FakeEngineOptions } from '../../support/fake-engine.js';
import { fakeSentence } from '../../support/fake-text.js';
import { fakeRun, runFolder, stableFiles, type RunFolder } from '../../support/run-folder.js';

let folders: RunFolder[] = [];
beforeEach(() => (folders = []));
afterEach(() => {
  for (const folder of folders) folder.remove();
});

const own = (n: number) =>
  Array.from({ length: n }, (_, i) => `${JSON.stringify({ instruction: fakeSentence(deriveSeed(7, i), 8) })}\n`);
const pages = (n: number) => Array.from({ length: n }, (_, i) => fakeSentence(deriveSeed(8, i), 70)).join('\n\n');

/** A folder of a small run with ten own instructions and a document of six passages, of which `settings` use what they name. */
function ownFolder(settings: { method?: Config['synthesize']['method']; instructions?: boolean; total?: number }) {
  const folder = runFolder();
  folders.push(folder);
  const { method = 'seeds', instructions = false, total = 24 } = settings;
  const files = { instructions: path.join(folder.dir, 'own.jsonl'), documents: path.join(folder.dir, 'book.txt') };
  writeFileSync(files.instructions, own(10).join(''));
  writeFileSync(files.documents, pages(6));
  folder.config = configSchema.parse({
    ...folder.config,
    instructions: total,
    own: {
      ...(instructions && { instructions: files.instructions }),
      ...(method === 'documents' && { documents: [files.documents] }),
    },
    synthesize: { ...folder.config.synthesize, method },
  });
  return { ...folder, files };
}

function candidates(folder: RunFolder, iteration = '1') {
  const text = readFileSync(path.join(folder.runDir, 'iterations', iteration, 'candidates.jsonl'), 'utf8');
  const rows = text.trimEnd().split('\n');
  return rows.map((line) => JSON.parse(line) as { id: string; input: string; source: Record<string, unknown> });
}

async function failure(work: Promise<unknown>): Promise<IsheepError> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (error instanceof IsheepError) return error;
  throw new Error('it did not fail as expected', { cause: error });
}

describe('a run', () => {
  test("takes a person's own instructions first, in every iteration, and writes the rest", async () => {
    const folder = ownFolder({ instructions: true });
    const { iterations } = await runLoop(fakeRun(folder));
    for (const { iteration, synthesize } of iterations) {
      expect(synthesize.kept).toBe(24);
      const sources = candidates(folder, String(iteration)).map(({ source }) => source);
      expect(sources.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => ({ own: i + 1 })));
      expect(sources[10]).toEqual({ request: `s-${iteration}-1`, number: 4 });
    }
  });

  test('has the own ones alone where nothing is synthesized, and counts to their end', async () => {
    const folder = ownFolder({ method: 'none', instructions: true });
    const run = fakeRun(folder);
    const { iterations } = await runLoop(run);
    expect(
      iterations.map(({ synthesize, respond }) => [synthesize.kept, synthesize.requests, respond.responses]),
    ).toEqual([
      [10, 0, 10],
      [10, 0, 10],
    ]);
    expect(run.events).toContainEqual(
      expect.objectContaining({ kind: 'stage-finished', note: '10 instructions kept of 10 of your own' }),
    );
    const [stage] = readStatus(folder.runDir).iterations[0]?.stages ?? [];
    expect(stage).toMatchObject({ state: 'finished', total: 10, done: 10 });
  });

  test('warns where there are more of them than instructions are wanted', async () => {
    const run = fakeRun(ownFolder({ method: 'none', instructions: true, total: 6 }));
    const { iterations } = await runLoop(run);
    expect(iterations[0]?.synthesize).toMatchObject({ kept: 6, parsed: 10, rejected: { 'target-reached': 4 } });
    const message =
      'own.instructions holds 10 and instructions is 6: each iteration takes the first 6 that the filters keep';
    expect(run.events).toContainEqual({ kind: 'warning', message });
  });

  test('draws tasks from documents, which are their inputs', async () => {
    const folder = ownFolder({ method: 'documents' });
    await runLoop(fakeRun(folder));
    const rows = candidates(folder);
    expect(rows[0]?.source).toMatchObject({ request: 's-1-1', number: 1, passage: { file: 'book.txt' } });
    const text = readFileSync(folder.files.documents, 'utf8');
    expect(rows.every(({ input }) => input.length > 100 && text.includes(input))).toBe(true);
  });

  test('that is stopped anywhere continues to the same bytes', async () => {
    const settings = { method: 'documents', instructions: true } as const;
    const undisturbed = ownFolder(settings);
    await runLoop(fakeRun(undisturbed));
    const folder = ownFolder(settings);
    for (const failing of [1, 2, 4]) {
      let calls = 0;
      const onCall = () => {
        if (++calls === failing) throw new IsheepError('native-failure', 'the device is gone');
      };
      expect((await failure(runLoop(fakeRun(folder, { onCall })))).code).toBe('native-failure');
    }
    const stop = new AbortController();
    const report = (event: RunEvent) => (event.kind === 'stage-progress' ? stop.abort() : undefined);
    await failure(runLoop({ ...fakeRun(folder), report, stop: stop.signal }));
    await runLoop(fakeRun(folder));
    expect(stableFiles(folder.runDir)).toEqual(stableFiles(undisturbed.runDir));
  });

  test('is refused where a file holds something else now, and not where it only moved', async () => {
    const folder = ownFolder({ method: 'documents', instructions: true });
    await runLoop(fakeRun(folder));
    const moved = path.join(folder.dir, 'mine.jsonl');
    renameSync(folder.files.instructions, moved);
    const config = { ...folder.config, own: { ...folder.config.own, instructions: moved } };
    await runLoop({ ...fakeRun(folder), config });
    writeFileSync(moved, own(9).join(''));
    writeFileSync(folder.files.documents, pages(5));
    const { code, message } = await failure(runLoop({ ...fakeRun(folder), config }));
    expect(code).toBe('run-changed');
    expect(message).toMatch(
      /documents \(sha256\) was \w+, is now \w+; own instructions \(sha256\) was \w+, is now \w+$/,
    );
  });

  test('is refused with all that is wrong with its files, before a folder is made', async () => {
    const folder = ownFolder({ method: 'documents', instructions: true });
    writeFileSync(folder.files.instructions, '\n');
    writeFileSync(folder.files.documents, 'Too short.');
    const seeds = path.join(folder.dir, 'absent.jsonl');
    const { code, message } = await failure(runLoop({ ...fakeRun(folder), config: { ...folder.config, seeds } }));
    expect(code).toBe('bad-input');
    expect(message.split('\n')).toEqual([
      `cannot read ${seeds}: there is no such file`,
      `${folder.files.instructions} has no instruction`,
      `${folder.files.documents} has no passage of 20 words or more`,
    ]);
    expect(existsSync(folder.runDir)).toBe(false);
  });
});

describe('a plan', () => {
  const planned = async (folder: RunFolder) => {
    const { runDir, config, modelPath, engine } = fakeRun(folder);
    const { stages, measured } = await plan({ runDir, config, modelPath, engine });
    const count = (name: string) => stages.find(({ stage }) => stage === name)?.count;
    return { requests: count('synthesize'), responses: count('respond'), measured: measured.synthesize };
  };

  test('counts no request where the own instructions are enough or all there is', async () => {
    expect(await planned(ownFolder({ instructions: true, total: 8 }))).toMatchObject({ requests: 0, responses: 8 });
    expect(await planned(ownFolder({ method: 'none', instructions: true }))).toMatchObject({
      requests: 0,
      responses: 10,
    });
  });

  test('counts requests for what is missing beside them', async () => {
    const { requests, responses, measured } = await planned(ownFolder({ instructions: true }));
    expect(measured).toMatchObject({ own: 10, requests: 3 });
    expect(requests).toBe(Math.ceil((14 * measured.requests) / measured.kept));
    expect(responses).toBe(24);
  });
});

describe('a preview', () => {
  const previewed = async (folder: RunFolder, options: FakeEngineOptions = {}) => {
    const { config, engine, report } = fakeRun(folder, options);
    return { made: await preview({ config, engine, report }), opened: engine.log.opened };
  };

  test('has ten pairs with what filters and judge say, opens the model once, and leaves nothing', async () => {
    const folder = ownFolder({});
    const { made, opened } = await previewed(folder);
    expect(made.pairs).toHaveLength(10);
    expect(made).toMatchObject({
      method: 'likelihood',
      notes: ['a rank is one among the pairs shown; a run ranks all pairs of an iteration'],
    });
    for (const { verdicts, assessment, origin } of made.pairs) {
      expect(verdicts.length).toBeGreaterThan(0);
      expect(assessment).toHaveProperty('rank');
      expect(origin.request).toMatch(/^s-1-\d$/);
    }
    expect(opened).toEqual(['model']);
    expect(existsSync(folder.runDir)).toBe(false);
  });

  test('has the instructions that the run begins with', async () => {
    const folder = ownFolder({ method: 'documents' });
    const { made } = await previewed(folder);
    await runLoop(fakeRun(folder));
    const tasks = (rows: readonly object[]) => rows.slice(0, 10).map((row) => 'instruction' in row && row.instruction);
    expect(tasks(made.pairs)).toEqual(tasks(candidates(folder)));
  });

  test.each([
    ['half of them own where others are written', { instructions: true }, 5],
    ['all of them own where nothing is written', { method: 'none' as const, instructions: true }, 10],
    ['all of them own where they are enough', { instructions: true, total: 8 }, 8],
  ])('has %s', async (_, settings, expected) => {
    const { made } = await previewed(ownFolder(settings));
    expect(made.pairs.filter(({ origin }) => origin.own !== undefined)).toHaveLength(expected);
  });

  test('judges nothing where a run does not', async () => {
    const folder = ownFolder({});
    folder.config = { ...folder.config, select: { ...folder.config.select, grades: 'none' } };
    const { made } = await previewed(folder);
    expect(made).toMatchObject({ method: 'none', notes: [], seconds: { assess: 0 } });
    expect(made.pairs.some(({ assessment }) => assessment !== undefined)).toBe(false);
  });

  test('judges by likelihood where auto is not decided yet, and says so', async () => {
    const folder = ownFolder({});
    folder.config = { ...folder.config, assess: { ...folder.config.assess, method: 'auto' } };
    const { made } = await previewed(folder);
    expect(made.method).toBe('likelihood');
    expect(made.notes[0]).toMatch(/^assess\.method is auto: judged by likelihood here/);
  });

  test('shows what the filters reject before and after the response', async () => {
    const folder = ownFolder({ method: 'none', instructions: true });
    writeFileSync(folder.files.instructions, `{"instruction":"Go."}\n${own(2).join('')}`);
    const { made } = await previewed(folder, { respond: () => '' });
    expect(made.rejected.map(({ instruction }) => instruction)).toEqual(['Go.']);
    expect(made.pairs.map(({ verdicts }) => verdicts.at(-1)?.reason)).toEqual(['empty-response', 'empty-response']);
    expect(made.pairs.some(({ assessment }) => assessment !== undefined)).toBe(false);
  });
});
