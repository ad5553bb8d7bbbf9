// What the script makes of a run and of results that are there already; what it would ask isheep for is `evaluate` and
// `train`, which have tests of their own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../support/temporary-folder.js';

const script = path.resolve(import.meta.dirname, '..', '..', '..', 'scripts', 'experiments', 'claim.mjs');

function claim(...parameters: string[]) {
  return spawnSync(process.execPath, [script, ...parameters], { encoding: 'utf8' });
}

function lines(rows: object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function readLines(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A run of five responses, one of them empty, of which it kept two and made a third pair in hindsight. */
function makeRun(): string {
  const run = temporaryFolder();
  const folder = path.join(run, 'iterations', '1');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(run, 'config.json'), JSON.stringify({ config: { model: 'tiny', seed: 1, train: {} } }));
  const pairs = [1, 2, 3, 4, 5].map((i) => ({
    id: `c-1-${i}`,
    instruction: `Task ${i}.`,
    input: '',
    response: i === 5 ? ' ' : `Answer ${i}.`,
    verdicts: [],
  }));
  writeFileSync(path.join(folder, 'adapter.gguf'), '');
  writeFileSync(path.join(folder, 'pairs.jsonl'), lines(pairs));
  const made = { ...pairs[0], id: 'c-1-1-h1', source: { hindsightOf: 'c-1-1' } };
  writeFileSync(path.join(folder, 'dataset.jsonl'), lines([...pairs.slice(0, 2), made]));
  return run;
}

function writeSquad(file: string): void {
  const qas = [
    { id: 'a', question: 'Who?', answers: [{ text: 'Ada' }], is_impossible: false },
    { id: 'b', question: 'When?', answers: [], is_impossible: true },
  ];
  const data = [
    {
      title: 'Names',
      paragraphs: [
        { context: 'Ada was here.', qas },
        { context: 'Nobody was.', qas: qas.slice(1) },
      ],
    },
  ];
  writeFileSync(file, JSON.stringify({ version: 'v2.0', data }));
}

function writeResults(out: string): void {
  const compared = (other: number, value: number, p: number) => ({ other, value, difference: value - other, p, n: 7 });
  const results = {
    'run-ifeval': { average: compared(20, 30, 0.0002) },
    'run-squad2-raw': { f1: compared(10, 25, 0.04) },
    'random-ifeval': { average: compared(20, 18, 0.5) },
    'random-squad2-raw': { f1: compared(10, 12, 0.3) },
    'random-ifeval-against-run': { average: compared(30, 18, 0.001) },
    'random-squad2-raw-against-run': { f1: compared(25, 12, 0.02) },
    'seeds-ifeval': { average: compared(20, 15, 0.03) },
    'seeds-squad2-raw': { f1: compared(10, 20, 0.01) },
    'seeds-ifeval-against-run': { average: compared(30, 15, 0.0001) },
    'seeds-squad2-raw-against-run': { f1: compared(25, 20, 0.06) },
  };
  for (const [name, comparison] of Object.entries(results))
    writeFileSync(path.join(out, `${name}.json`), JSON.stringify({ comparison }));
}

test('controls are drawn from the run, and the table sets them beside it', () => {
  const run = makeRun();
  const out = temporaryFolder();
  const squad = path.join(temporaryFolder(), 'squad.json');
  writeSquad(squad);
  writeResults(out);
  const { status, stdout, stderr } = claim(run, '--squad', squad, '--out', out);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout.trim().split('\n').slice(2)).toEqual([
    '| base | 20.0 % | | | 10.0 % | | |',
    '| run | 30.0 % | +10.0, p < .001 |  | 25.0 % | +15.0, p .040 |  |',
    '| random | 18.0 % | −2.0, p .500 | −12.0, p .001 | 12.0 % | +2.0, p .300 | −13.0, p .020 |',
    '| seeds | 15.0 % | −5.0, p .030 | −15.0, p < .001 | 20.0 % | +10.0, p .010 | −5.0, p .060 |',
  ]);

  const random = readLines(path.join(out, 'random.jsonl'));
  expect(random).toHaveLength(2); // as many as were kept
  for (const row of random) {
    expect(Object.keys(row)).toEqual(['id', 'instruction', 'input', 'response']);
    expect(row.response).toMatch(/^Answer/);
  }
  const seeds = readLines(path.join(out, 'seeds.jsonl'));
  expect(seeds.length).toBeGreaterThan(100);
  expect(Object.keys(seeds[0] ?? {})).toEqual(['id', 'instruction', 'input', 'response']);

  const answerable = JSON.parse(readFileSync(path.join(out, 'squad.json'), 'utf8')) as {
    data: { paragraphs: { qas: { id: string }[] }[] }[];
  };
  const ids = answerable.data.map(({ paragraphs }) => paragraphs.map(({ qas }) => qas.map(({ id }) => id)));
  expect(ids).toEqual([[['a']]]);
});

test('without a run or a file of SQuAD it says what it needs', () => {
  const withoutIteration = [makeRun(), '--squad', script, '--iteration', '2'];
  for (const parameters of [[], [makeRun()], [temporaryFolder(), '--squad', script], withoutIteration]) {
    const { status, stderr } = claim(...parameters);
    expect(status).toBe(2);
    expect(stderr).toContain('and a file of SQuAD 2.0');
    expect(stderr).toContain('isheep fetch squad2');
  }
});
