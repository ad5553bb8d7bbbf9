import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { ConfigSources, Flags } from '../../../../src/config/resolve.js';
import { readAblation } from '../../../../src/pipeline/ablation/ablation-file.js';
import { runFolder } from '../../../../src/pipeline/ablation/ablate.js';

const folder = mkdtempSync(path.join(tmpdir(), 'isheep-ablation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: unknown, sources: ConfigSources = {}) {
  const file = path.join(folder, 'grid.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return readAblation(file, sources);
}

const flags = (values: Record<string, unknown>): Flags =>
  new Map(Object.entries(values).map(([key, value]) => [key, { value, name: `--${key}` }]));

describe('an ablation file', () => {
  it('is every combination of the grid with every seed, by seed', () => {
    const { cells, variants, baseline } = read({
      grid: { 'select.threshold': [2, 8], 'train.startFrom': ['base', 'last'] },
      seeds: [5, 6],
    });
    expect(variants).toEqual([
      'select.threshold=2, train.startFrom=base',
      'select.threshold=2, train.startFrom=last',
      'select.threshold=8, train.startFrom=base',
      'select.threshold=8, train.startFrom=last',
    ]);
    expect(baseline).toBe(variants[0]);
    expect(cells.map(({ seed }) => seed)).toEqual([5, 5, 5, 5, 6, 6, 6, 6]);
    expect(cells[2]?.config).toMatchObject({ seed: 5, select: { threshold: 8 }, train: { startFrom: 'base' } });
  });

  it('has variants by name, each in each combination', () => {
    const { cells } = read({
      preset: 'paper',
      settings: { instructions: 40, select: { threshold: 6 } },
      variants: [{ name: 'both' }, { name: 'one', settings: { select: { grades: 'quality' } } }],
      grid: { iterations: [1, 2] },
      seeds: [1],
    });
    expect(cells.map(({ variant }) => variant)).toEqual([
      'both, iterations=1',
      'both, iterations=2',
      'one, iterations=1',
      'one, iterations=2',
    ]);
    expect(cells[3]?.config).toMatchObject({
      instructions: 40,
      iterations: 2,
      select: { threshold: 6, grades: 'quality' },
      assess: { judge: 'base' },
    });
  });

  it('multiplies what comes from anywhere', () => {
    const content = {
      variants: [{ name: 'once' }, { name: 'twice', settings: { iterations: 1 }, times: { instructions: 2 } }],
      seeds: [1],
    };
    const counts = (sources: ConfigSources) => read(content, sources).cells.map(({ config }) => config.instructions);
    expect(counts({})).toEqual([2000, 4000]);
    expect(counts({ preset: 'paper' })).toEqual([10_000, 20_000]);
    expect(counts({ flags: flags({ instructions: 30 }) })).toEqual([30, 60]);
  });

  it('gives way to flags and to a preset of the command line', () => {
    const content = { preset: 'paper', settings: { iterations: 5 }, grid: { 'select.threshold': [1, 2] }, seeds: [1] };
    const { cells } = read(content, { preset: 'demo', flags: flags({ iterations: 2 }) });
    expect(cells[0]?.config).toMatchObject({ iterations: 2, instructions: 80 });
  });

  it('runs with the seed of the command line alone', () => {
    const content = { grid: { 'select.threshold': [1, 2] }, seeds: [1, 2] };
    const { cells, seeds } = read(content, { flags: flags({ seed: 7 }) });
    expect(seeds).toEqual([7]);
    expect(cells.map(({ seed, config }) => [seed, config.seed])).toEqual([
      [7, 7],
      [7, 7],
    ]);
  });

  it('has variants that keep to what they are about, whatever the flags', () => {
    const content = { variants: [{ name: 'as asked' }, { name: 'direct', settings: { iterations: 1 } }], seeds: [1] };
    const { cells } = read(content, { flags: flags({ iterations: 4 }) });
    expect(cells.map(({ config }) => config.iterations)).toEqual([4, 1]);
  });
});

describe('what is wrong with it', () => {
  const message = (content: unknown, sources: ConfigSources = {}) => {
    try {
      read(content, sources);
    } catch (error) {
      return (error as Error).message.replaceAll(`${path.join(folder, 'grid.json')}: `, '').split('\n');
    }
    throw new Error('it was accepted');
  };
  const two = { grid: { 'select.threshold': [1, 2] } };

  it.each<[unknown, ConfigSources, string[]]>([
    [{}, {}, ['there is one variant only, and nothing to compare it with']],
    [{ ...two, seed: [1] }, {}, ['no key seed. Did you mean seeds?']],
    [{ ...two, seeds: [1, 1] }, {}, ['seeds: one stands there twice: 1, 1']],
    [
      { ...two, baseline: 'select.threshold=3' },
      {},
      [expect.stringMatching(/^baseline: no variant "select.threshold=3"/) as string],
    ],
    [
      { grid: { 'select.treshold': [1, 2] } },
      {},
      [expect.stringContaining('grid: no option select.treshold. Did you mean select.threshold?') as string],
    ],
    [{ variants: [{ name: 'a' }, { name: 'a' }] }, {}, ['there are two variants "a"']],
    [two, { flags: flags({ 'select.threshold': 3 }) }, ['--select.threshold: every variant sets this itself']],
    [{ ...two, settings: { seed: 1 } }, {}, ['seed is no setting here: the list "seeds" has them']],
    [
      { variants: [{ name: 'a' }, { name: 'b', times: { model: 2 } }] },
      {},
      ['b: times: model is no setting that is a number'],
    ],
  ])('%j', (content, sources, problems) => {
    expect(message(content, sources).slice(0, problems.length)).toEqual(problems);
  });

  it('tells the problems of all variants at once, each once', () => {
    const problems = message({
      variants: [
        { name: 'a', settings: { iterations: 1, train: { startFrom: 'last' } } },
        { name: 'b', settings: { select: { threshold: 99 } } },
      ],
      seeds: [1, 2],
    });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^a: train.startFrom last needs/);
    expect(problems[1]).toMatch(/^b: select.threshold must be/);
  });

  it('names a file that is not there or not JSON', () => {
    expect(() => readAblation(path.join(folder, 'none.json'), {})).toThrow('there is no such file');
    expect(() => readAblation(folder, {})).toThrow(`${folder}: it is a folder, not a file`);
    expect(message('{"grid": ')[0]).toMatch(/JSON/);
    expect(message('[]')[0]).toMatch(/^the file: /);
  });
});

it('gives each run a folder that any disk takes and no two share', () => {
  const folders = ['both', 'a, b=1', 'a b=1', 'Ω', '../x', 'x'.repeat(300)].map((variant) =>
    runFolder('d', { variant, seed: 1 }),
  );
  expect(new Set(folders).size).toBe(folders.length);
  for (const one of folders) expect(path.basename(one)).toMatch(/^[\w.=+-]{1,100}$/);
  expect(folders[0]).toBe(path.join('d', 'runs', 'both-seed-1'));
});

it('comes ready for the tables of the paper, and for what goes beyond them', () => {
  const ready = readdirSync(path.join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'ablations'));
  expect(ready.sort()).toEqual([
    'beyond.json',
    'data-size.json',
    'grades.json',
    'iteration-modes.json',
    'selection.json',
    'threshold.json',
  ]);
  for (const file of ready) {
    const { cells, variants } = readAblation(
      path.join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'ablations', file),
      {},
    );
    expect(cells).toHaveLength(3 * variants.length);
  }
});
