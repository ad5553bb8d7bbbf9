// How a run asks for responses: their form, several of them, and constraints that are verified.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { runLoop } from '../../../src/pipeline/run.js';
import { unmetConstraints } from '../../../src/shared/constraints/check.js';
import { IsheepError } from '../../../src/shared/errors.js';
import type { Pair } from '../../../src/shared/rows.js';
import { fakeRun, runFolder, stableFiles } from '../../support/run-folder.js';

const readRows = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('a run keeps the best of several responses, and says how far they were apart', async () => {
  const several = runFolder({ respond: { chunk: 5, maxTokens: 50, responses: 2 } });
  const { iterations } = await runLoop(fakeRun(several));
  expect(iterations[0]?.respond.responses).toBe(48);
  expect(iterations[0]?.select.notKept['not-best']).toBe(24);
  const rows = (name: string) => readRows(path.join(several.runDir, 'iterations', '1', name));
  const pairs = new Map(rows('pairs.jsonl').map((row) => [row.id, row]));
  const rank = (row: Record<string, unknown> | undefined) => (row?.assessment as { rank: number }).rank;
  for (const kept of rows('dataset.jsonl')) {
    const candidate = String(kept.id).replace(/-r2$/, '');
    const [first, second] = [pairs.get(candidate), pairs.get(`${candidate}-r2`)];
    expect(rank(kept)).toBe(Math.max(rank(first), rank(second)));
    expect(kept.difficulty).toBe(Math.abs(rank(first) - rank(second)));
    expect([first?.difficulty, second?.difficulty]).toEqual([kept.difficulty, kept.difficulty]);
  }
  several.remove();
});

test('a run judges by what it wrote only where it was asked as the judge asks', async () => {
  const recorded = async (overrides: Record<string, unknown>) => {
    const other = runFolder(overrides);
    await runLoop(fakeRun(other));
    const rows = ['1', '2'].map((t) => readRows(path.join(other.runDir, 'iterations', t, 'pairs.jsonl')));
    other.remove();
    return rows.map((pairs) =>
      pairs.map(({ input, source }) => ({ hasInput: input !== '', isRecorded: 'written' in (source as object) })),
    );
  };
  const always = await recorded({});
  expect(always.flat().every(({ isRecorded }) => isRecorded)).toBe(true);
  const [first, second] = await recorded({ respond: { chunk: 5, form: 'raw-first' } });
  expect(first?.some(({ isRecorded }) => isRecorded)).toBe(false);
  expect(second?.every(({ isRecorded }) => isRecorded)).toBe(true);
  const glued = (await recorded({ quirks: { gluedInput: true } })).flat();
  expect(glued.every(({ hasInput, isRecorded }) => isRecorded === !hasInput)).toBe(true);
});

test('a run warns where seeds are to be shown before tasks in plain text, and none has an output', async () => {
  const warnings = async (form: string, demonstrations: number) => {
    const folder = runFolder({ iterations: 1, respond: { chunk: 5, form, demonstrations } });
    const [seeds, withOutputs] = [path.join(folder.dir, 'seeds.jsonl'), readRows(path.join(folder.dir, 'seeds.jsonl'))];
    writeFileSync(seeds, withOutputs.map((row) => `${JSON.stringify({ ...row, output: '' })}\n`).join(''));
    const run = fakeRun(folder);
    await runLoop(run);
    folder.remove();
    return run.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  };
  expect(await warnings('raw', 3)).toEqual([expect.stringContaining('no seed task has an output') as string]);
  expect(await warnings('raw', 0)).toEqual([]);
  expect(await warnings('chat', 3)).toEqual([]);
});

test('a run joins instruction and input alike wherever it asks, and tells in the adapter', async () => {
  const adapterOf = async (overrides: Record<string, unknown>) => {
    const other = runFolder({ iterations: 1, ...overrides });
    await runLoop(fakeRun(other));
    const adapter = readFileSync(path.join(other.runDir, 'iterations', '1', 'adapter.gguf'), 'utf8');
    other.remove();
    return (JSON.parse(adapter) as { metadata: Record<string, string> }).metadata;
  };
  expect(await adapterOf({ inputJoiner: 'blank-line' })).toMatchObject({ 'isheep.input-joiner': 'blank-line' });
  expect(await adapterOf({})).not.toHaveProperty('isheep.input-joiner');
});

test('a run trains only on responses that were found to meet the constraints of their instructions', async () => {
  const constraints = { share: 1, perInstruction: 2, families: ['no-commas', 'words-at-most', 'lower-case'] };
  const constrained = runFolder({ constraints, select: { share: 1 } });
  const { iterations } = await runLoop(fakeRun(constrained));
  const rows = (name: string) => readRows(path.join(constrained.runDir, 'iterations', '1', name)) as unknown as Pair[];
  const pairs = rows('pairs.jsonl');
  const isMet = ({ response, constraints: asked = [] }: Pair) => unmetConstraints(response, asked).length === 0;
  const met = pairs.filter(isMet).length;
  expect(met).toBeGreaterThan(0);
  expect(iterations[0]?.respond.constraints).toMatchObject({ responses: 24, met, metAtFirst: met });
  expect(iterations[0]?.filter.rejected).toEqual({ 'unmet-constraint': 24 - met });
  const dataset = rows('dataset.jsonl');
  expect(dataset).toHaveLength(met);
  expect(dataset.every((row) => row.constraints !== undefined && isMet(row))).toBe(true);
  constrained.remove();
});

test('pairs made in hindsight stand in the dataset, each with the pair that it is made of', async () => {
  const folder = runFolder({ constraints: { hindsight: 3, repair: true }, select: { share: 1 } });
  const { iterations } = await runLoop(fakeRun(folder));
  const dataset = readRows(path.join(folder.runDir, 'iterations', '1', 'dataset.jsonl')) as unknown as Pair[];
  const made = dataset.filter(({ source }) => source?.hindsightOf !== undefined);
  expect(made.length).toBeGreaterThan(0);
  expect(iterations[0]?.select).toMatchObject({ kept: dataset.length - made.length, hindsight: made.length });
  const ids = new Set(dataset.map(({ id }) => id));
  for (const { id, source, response, constraints = [] } of made) {
    expect(id.startsWith(`${String(source?.hindsightOf)}-h`)).toBe(true);
    expect(ids.has(String(source?.hindsightOf))).toBe(true);
    expect(unmetConstraints(response, constraints)).toEqual([]);
  }
  folder.remove();
});

test('beginnings and endings say in the dataset how much of them was trained on', async () => {
  const parts = { hindsight: 3, repair: true, beginnings: 0.5, endings: 0.5, families: ['lower-case', 'ends-with'] };
  const folder = runFolder({ constraints: parts, select: { share: 1 } });
  await runLoop(fakeRun(folder));
  const dataset = readRows(path.join(folder.runDir, 'iterations', '1', 'dataset.jsonl')) as unknown as Pair[];
  const [own, made] = [false, true].map((isMade) =>
    dataset.filter(({ source }) => (source?.hindsightOf !== undefined) === isMade),
  );
  const tokens = (of: Pair[] = []) => new Set(of.map(({ trainedTokens }) => trainedTokens));
  expect(tokens(own)).toEqual(new Set([12, -32]));
  expect(tokens(made)).toEqual(new Set([12, -32]));
  folder.remove();
});

test('questions on kept responses stand in the dataset, each with the pair that it is made of', async () => {
  const folder = runFolder({ select: { share: 1, questions: 2 } });
  const respond = () => 'The harbour is a quiet place with 14 boats. Gulls wait on the pier for what falls.';
  const { iterations } = await runLoop(fakeRun(folder, { respond }));
  const dataset = readRows(path.join(folder.runDir, 'iterations', '1', 'dataset.jsonl')) as unknown as Pair[];
  const asked = dataset.filter(({ source }) => source?.question === true);
  expect(asked.length).toBeGreaterThan(0);
  expect(iterations[0]?.select.hindsight).toBe(asked.length);
  const byId = new Map(dataset.map((pair) => [pair.id, pair]));
  for (const { source, response } of asked) {
    expect(byId.get(String(source?.hindsightOf))?.response).toContain(response);
  }
  folder.remove();
});

test('of responses that went round in circles only their ends are trained on', async () => {
  const folder = runFolder({ select: { share: 1, circles: 2 } });
  const respond = ({ id }: { id: string }) =>
    /[02468]$/u.test(id) ? `We went out. ${'The sea was grey and calm all day. '.repeat(6)}` : 'We stayed at home.';
  const { iterations } = await runLoop(fakeRun(folder, { respond }));
  const dataset = readRows(path.join(folder.runDir, 'iterations', '1', 'dataset.jsonl')) as unknown as Pair[];
  const [ends, kept] = [true, false].map((isEnd) =>
    dataset.filter(({ source }) => (source?.circle === true) === isEnd),
  );
  expect(kept?.every(({ response }) => response === 'We stayed at home.')).toBe(true);
  expect(ends?.length).toBeGreaterThan(0);
  expect(ends?.every(({ trainedTokens, weight }) => trainedTokens === -1 && weight === 8)).toBe(true);
  expect(ends?.[0]?.response).toBe('We went out. The sea was grey and calm all day.');
  expect(iterations[0]?.select).toMatchObject({ kept: kept?.length, circles: ends?.length });
  folder.remove();
});

test('a run that fails while it samples several responses and attempts continues to the same bytes', async () => {
  const constraints = { share: 0.7, perInstruction: 3, attempts: 3 };
  const settings = { constraints, respond: { chunk: 5, maxTokens: 50, responses: 2 } };
  const [undisturbed, broken] = [runFolder(settings), runFolder(settings)];
  await runLoop(fakeRun(undisturbed));
  let calls = 0;
  const onCall = (call: string) => {
    // In a later round of some chunk of responses.
    if (call === 'generate' && ++calls === 15) throw new IsheepError('native-failure', 'the device is gone');
  };
  await expect(runLoop(fakeRun(broken, { onCall }))).rejects.toThrow('the device is gone');
  await runLoop(fakeRun(broken));
  expect(stableFiles(broken.runDir)).toEqual(stableFiles(undisturbed.runDir));
  undisturbed.remove();
  broken.remove();
});
