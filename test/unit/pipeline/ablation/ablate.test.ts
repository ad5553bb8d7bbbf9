import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Config } from '../../../../src/config/schema.js';
import { ablate, type AblateOptions, runFolder } from '../../../../src/pipeline/ablation/ablate.js';
import type { Ablation } from '../../../../src/pipeline/ablation/ablation-file.js';
import { readBy, StageSharing } from '../../../../src/pipeline/ablation/stage-sharing.js';
import { ablationTable, markdownTable } from '../../../../src/pipeline/ablation/table.js';
import type { RunEvent, StageName } from '../../../../src/pipeline/events.js';
import { runLoop } from '../../../../src/pipeline/run.js';
import { fakeEngine, type FakeEngineOptions } from '../../../support/fake-engine.js';
import {
  fakeRun,
  runFolder as newFolder,
  smallConfig,
  stableFiles,
  type RunFolder,
} from '../../../support/run-folder.js';

let folder: RunFolder;
beforeEach(() => (folder = newFolder()));
afterEach(() => folder.remove());

const variants = {
  base: {},
  last: { train: { batchSize: 2, epochs: 2, validation: 0.2, startFrom: 'last' } },
  unjudged: { select: { grades: 'none' } },
};

function ablationOf(settings: Record<string, object>, seeds: number[]): Ablation {
  const { model, seeds: seedFile } = folder.config;
  const config = (own: object, seed: number): Config => smallConfig({ model, seeds: seedFile, ...own, seed });
  const names = Object.keys(settings);
  return {
    ...{ description: 'What a judge brings', variants: names, baseline: names[0] ?? '', seeds },
    cells: seeds.flatMap((seed) =>
      Object.entries(settings).map(([variant, own]) => ({ variant, seed, config: config(own, seed) })),
    ),
  };
}

function options(
  ablation: Ablation,
  engineOptions: FakeEngineOptions = {},
  dir = folder.runDir,
): AblateOptions & { events: RunEvent[] } {
  const events: RunEvent[] = [];
  const open = () => ({ modelPath: folder.modelPath, engine: fakeEngine(engineOptions) });
  return { dir, ablation, open, report: (event) => events.push(event), events };
}

const inDir = (...parts: string[]) => path.join(folder.runDir, ...parts);

test('runs every variant with every seed, and compares them on the same items', async () => {
  const given = options(ablationOf(variants, [1, 2]));
  const result = await ablate(given);
  expect(result.rows.map(({ variant, iteration, runs }) => [variant, iteration, runs])).toEqual([
    ['base', 1, 2],
    ['base', 2, 2],
    ['last', 1, 2],
    ['last', 2, 2],
    ['unjudged', 1, 2],
    ['unjudged', 2, 2],
  ]);
  expect(result.rows[0]?.comparison).toBeNull();
  // Of iteration 1 nothing differs but where the variant does.
  expect(result.rows[2]?.comparison).toMatchObject({ n: 20, difference: 0, p: 1, seeds: 2, seedsBetter: 0 });
  expect(result.rows[4]?.kept?.mean).toBeGreaterThan(result.rows[0]?.kept?.mean ?? 1);
  const cells = given.events.flatMap((event) =>
    event.kind === 'cell-started' ? [`${event.variant} ${event.seed}`] : [],
  );
  expect(cells).toEqual(['base 1', 'last 1', 'unjudged 1', 'base 2', 'last 2', 'unjudged 2']);
  expect(JSON.parse(readFileSync(inDir('results.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(result)));
  expect(readFileSync(inDir('table.md'), 'utf8')).toBe(markdownTable(result));
  expect(ablationTable(result)).toHaveLength(7);
});

test('does what variants have in common once', async () => {
  const calls: string[] = [];
  const given = options(ablationOf(variants, [1]), { onCall: (call) => calls.push(call) });
  await ablate(given);
  const taken = given.events.flatMap((event) =>
    event.kind === 'stage-finished' && event.note.startsWith('as in ')
      ? [`${event.iteration} ${event.stage} ${event.note}`]
      : [],
  );
  const first = ['synthesize', 'respond', 'filter', 'assess', 'select', 'train', 'evaluate'];
  expect(taken).toEqual([
    ...first.map((stage) => `1 ${stage} as in base-seed-1`),
    // The second iteration of "last" was written by the same adapter; from its training on it is another.
    ...first.slice(0, 5).map((stage) => `2 ${stage} as in base-seed-1`),
    // Nothing is judged and more is kept.
    ...first.slice(0, 3).map((stage) => `1 ${stage} as in base-seed-1`),
  ]);
});

test('what is taken over is what the run would have made', async () => {
  const ablation = ablationOf(variants, [1]);
  const shared = options(ablation);
  await ablate(shared);
  for (const cell of ablation.cells) {
    const alone = newFolder();
    const run = fakeRun({ ...alone, config: cell.config, modelPath: folder.modelPath });
    const name = (
      JSON.parse(
        readFileSync(path.join(runFolder(folder.runDir, cell), 'iterations', '1', 'adapter.gguf'), 'utf8'),
      ) as {
        metadata: Record<string, string>;
      }
    ).metadata['isheep.run'];
    await runLoop({ ...run, ...(name !== undefined && { name }) });
    expect(stableFiles(runFolder(folder.runDir, cell)), cell.variant).toEqual(stableFiles(alone.runDir));
    alone.remove();
  }
});

test('goes on after an interruption, and ends with the same', async () => {
  const ablation = ablationOf(variants, [1]);
  const whole = await ablate(options(ablation, {}, path.join(folder.dir, 'whole')));
  const stop = new AbortController();
  let calls = 0;
  const interrupted = options(ablation, { onCall: () => ++calls === 80 && stop.abort() });
  await expect(ablate({ ...interrupted, stop: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
  expect(readFileSync(inDir('table.md'), 'utf8')).toContain('| base | 2 | 1 |');
  // A file of a run that others took over from is lost.
  const lost = path.join(runFolder(folder.runDir, { variant: 'base', seed: 1 }), 'iterations', '1', 'adapter.gguf');
  if (existsSync(lost)) rmSync(lost);
  const result = await ablate(options(ablation));
  const figures = (of: typeof result) => JSON.stringify({ rows: of.rows });
  expect(figures(result)).toBe(figures(whole));
  expect((await ablate(options(ablation))).rows).toEqual(result.rows);
});

test('a variant that keeps nothing is a result, not an end', async () => {
  const ablation = ablationOf({ base: {}, strict: { assess: { method: 'expected' }, select: { threshold: 10 } } }, [1]);
  const given = options(ablation);
  const result = await ablate(given);
  expect(result.cells.map(({ gaveUp }) => gaveUp === undefined)).toEqual([true, false]);
  expect(result.rows.map(({ variant }) => variant)).toEqual(['base', 'base']);
  expect(markdownTable(result)).toContain('"strict" with seed 1 ended early: none of the');
  expect(result.cells[1]?.gaveUp).toContain('another --select-threshold');
  expect(given.events.some(({ kind }) => kind === 'warning')).toBe(true);
});

test('refuses a second process, and a file that was changed', async () => {
  const ablation = ablationOf({ base: {}, last: variants.last }, [1]);
  await ablate(options(ablation));
  const changed = ablationOf({ base: { respond: { maxTokens: 51, chunk: 5 } }, last: variants.last }, [1]);
  await expect(ablate(options(changed))).rejects.toMatchObject({ code: 'run-changed' });
});

/** The settings that are read while `work` runs, as dotted keys. */
function watched(config: Config): { config: Config; read: Set<string> } {
  const read = new Set<string>();
  const watch = (group: object, prefix: string): object =>
    new Proxy(group, {
      get(target, key) {
        const value = Reflect.get(target, key) as unknown;
        if (typeof key !== 'string' || !(key in target)) return value;
        const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
        if (isGroup) return watch(value, `${prefix}${key}.`);
        read.add(`${prefix}${key}`);
        return value;
      },
    });
  return { config: watch(config, '') as Config, read };
}

const allOn = {
  constraints: { share: 0.5, attempts: 2 },
  respond: { chunk: 6, responses: 2 },
  synthesize: {
    chunk: 3,
    demonstrations: 3,
    demonstrationsBy: 'perplexity',
    topics: 'own',
    reusePenalty: 1,
    showOutputs: true,
  },
  select: { lengthNeutral: true, share: 0.8 },
  train: { batchSize: 2, startFrom: 'last' },
  merge: { when: 'last' },
  quirks: { gluedInput: true, localNovelty: true },
};

test.each([
  ['judged', { assess: { method: 'expected', chunk: 7 }, select: { threshold: 0, accumulate: 0.5 } }],
  ['unjudged', { select: { grades: 'none' } }],
  ['measured', { select: { by: 'perplexity', maxPerplexity: 10_000 } }],
  ['gated', { gate: { share: 1 } }],
  ['with all that is off by default', allOn],
])('no stage reads a setting that it is not known to read: %s', async (_, settings) => {
  const { config, read } = watched(smallConfig({ ...folder.config, ...settings }));
  const stray: string[] = [];
  let stage: StageName | undefined;
  const look = () => {
    // By them the pipeline knows with which stage a file is complete.
    read.delete('select.by');
    read.delete('gate.suite');
    for (const key of read) {
      const readers = readBy[key] ?? readBy[key.split('.')[0] ?? ''];
      if (stage !== undefined && readers !== undefined && !readers.includes(stage)) stray.push(`${stage} reads ${key}`);
    }
    read.clear();
  };
  const report = (event: RunEvent) => {
    if (event.kind === 'stage-started') {
      read.clear();
      ({ stage } = event);
    } else if (event.kind === 'stage-finished') {
      look();
      stage = undefined;
    }
  };
  await runLoop({ ...fakeRun(folder), config, report });
  expect([...new Set(stray)]).toEqual([]);
});

test('a stage is not taken over where its model, a setting or an input differs', async () => {
  const sharing = new StageSharing();
  const taken = async (settings: object, name = 'one') => {
    const own = newFolder({ ...settings, iterations: 1 });
    writeFileSync(path.join(own.dir, 'base.gguf'), 'the weights');
    const run = fakeRun(own);
    await runLoop({ ...run, sharing, name });
    const events = run.events.filter((event) => event.kind === 'stage-finished' && event.note.startsWith('as in '));
    return { n: events.length, remove: () => own.remove() };
  };
  const runs = [
    await taken({}),
    await taken({}),
    await taken({ seed: 2 }),
    await taken({ synthesize: { chunk: 3, maxTokens: 100, demonstrations: 4 } }),
    await taken({}, 'two'),
  ];
  expect(runs.map(({ n }) => n)).toEqual([0, 7, 0, 0, 0]);
  runs.forEach(({ remove }) => remove());
});
