// `npm run bench` as a process: options, and trainers measured in turns, with a program that stands in for PEFT's Python.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, expect, test } from 'vitest';

import { constraintFamilies } from '../../src/shared/constraints/families/index.js';
import { realModelPath } from '../support/models.js';
import { tinyModel } from '../support/tiny-model.js';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = [
  ...['--import', path.join(root, 'test', 'support', 'typescript-loader.mjs')],
  path.join(root, 'src', 'bench', 'main.ts'),
];

function bench(...words: string[]): {
  status: number | null;
  figures: Record<string, unknown>[];
  stderr: string;
  stdout: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ISHEEP_PYTHON: '' },
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { status, stdout, stderr, figures: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** Tells versions for -c; for a job, notes it and measures 10 tokens a second in 2000 MiB. */
function fakePython(answer: string): string {
  const file = path.join(folder, 'python');
  writeFileSync(
    file,
    `#!/bin/sh\nif [ "$1" = -c ]; then echo PEFT 1 torch 2; exit; fi\ncp "$2" ${folder}/seen.json\n${answer}\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const data = path.join(folder, 'pairs.json');
const pair = (i: number) => ({ instruction: `Name ${i} things.`, input: '', output: 'One, two, three.' });
writeFileSync(data, JSON.stringify(Array.from({ length: 8 }, (_, i) => pair(i))));
const tiny = () => ['--model', tinyModel(), '--threads', '1', '--steps', '1', '--rounds', '1'];

test('train measures ours and the peer on the same samples', () => {
  const python = fakePython('echo \'{"tokens": 20, "seconds": 2, "peakMib": 2000, "losses": [1]}\'');
  const { status, figures, stderr } = bench(
    ...['train', ...tiny(), '--data', data, '--batch-size', '3', '--peer', 'peft', '--python', python],
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const [speed, memory] = figures as [Record<string, number>, Record<string, number>];
  expect(speed).toMatchObject({ name: 'train', metric: 'tokens of whole steps', unit: 'tokens/s' });
  expect(speed).toMatchObject({ peer: 'PEFT 1 torch 2, bf16, batch 1', peer_value: 10 });
  expect(speed.ratio).toBeCloseTo((speed.value ?? 0) / 10, 0);
  expect(memory).toMatchObject({ metric: 'peak resident memory', unit: 'MiB', peer_value: 2000 });
  expect(memory.value).toBeGreaterThan(20);
  const job = JSON.parse(readFileSync(path.join(folder, 'seen.json'), 'utf8')) as {
    settings: object;
    steps: { tokens: number[]; context: number }[][];
  };
  expect(job.settings).toMatchObject({ rank: 8, dropout: 0.05 });
  expect(job.steps.map((step) => step.length)).toEqual([3, 3]);
  expect(job.steps[0]?.[0]?.tokens.length).toBeGreaterThan(job.steps[0]?.[0]?.context ?? Infinity);
});

test('synthesize counts what is kept, every reason for what cannot be read, and every filter that rejects', () => {
  const settings = ['--demonstrations', '1', '--max-tasks', '2', '--max-tokens', '40', '--requests', '3'];
  const { status, figures, stderr } = bench('synthesize', '--model', realModelPath(), '--threads', '1', ...settings);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const value = (metric: string) => figures.find((one) => String(one.metric).startsWith(`${metric};`))?.value as number;
  expect(figures[0]).toMatchObject({ name: 'synthesize', unit: 'instructions/s' });
  expect(String(figures[0]?.metric)).toBe(
    'kept a second; raw, 3 requests, 1 demonstrations, 2 tasks, 40 tokens, temperature 1, top-p 0.95, min-p 0.1',
  );
  const rejected = figures.filter((one) => String(one.metric).startsWith('rejected, '));
  const dropped = rejected.reduce((sum, one) => sum + (one.value as number), 0);
  expect(value('read')).toBe(value('kept') + dropped);
  expect(value('tokens')).toBeGreaterThan(3);
  for (const reason of ['no-instruction', 'several-inputs', 'stray-text', 'unfinished', 'no-task']) {
    expect(value(`not read, ${reason}`)).toBeGreaterThanOrEqual(0);
  }
});

test('constraints tells of each family how often it is met at once and in the end', () => {
  const words = ['--model', tinyModel({ context: 512 }), '--threads', '1', '--limit', '2', '--max-tokens', '4'];
  const { status, figures, stderr } = bench('constraints', ...words);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const value = (metric: string) => figures.find((one) => one.metric === metric)?.value as number;
  expect(figures).toHaveLength(2 * (constraintFamilies.length + 1));
  for (const { name } of constraintFamilies) {
    const [first, last] = ['met at the first attempt', 'met within four'].map((what) =>
      value(`${name}, of 2 responses: ${what}`),
    );
    expect(first).toBeLessThanOrEqual(last ?? NaN);
  }
});

test('novelty measures both peers and counts what they say otherwise', () => {
  const one = (label: string) => ({ label, pairs: 10, seconds: 2, values: [2, 2, 2] });
  const answer = JSON.stringify({ rougeScore: one('rouge-score 1'), rapidfuzz: one('rapidfuzz 2') });
  const words = ['novelty', '--texts', '60', '--peer', 'python', '--python', fakePython(`echo '${answer}'`)];
  const { status, figures, stderr } = bench(...words);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(figures.map(({ peer, peer_value }) => [peer, peer_value]).slice(0, 2)).toEqual([
    ['rouge-score 1', 5],
    ['rapidfuzz 2', 5],
  ]);
  expect(figures[0]?.value).toBeGreaterThan(10_000);
  const of = (text: string) => figures.find(({ metric }) => String(metric).includes(text))?.value;
  expect([of("not rouge-score's"), of("not rapidfuzz's")]).toEqual([100_000, expect.any(Number)]);
  expect(of('above 0.7')).toBeGreaterThan(1000);
  const missing = bench(...words.slice(0, -1), path.join(folder, 'nothing'));
  expect(missing).toMatchObject({ status: 2, stdout: '' });
  expect(missing.stderr).toContain('has rouge-score and rapidfuzz');
});

test('clusters measures its peer on the same vectors', () => {
  const results = [10, 3].map((clusters) => ({ clusters, seconds: 4, inertia: 100 }));
  const answer = JSON.stringify({ label: 'scikit-learn 1', results });
  const words = ['clusters', '--vectors', '90', '--width', '20', '--clusters', '10,3', '--threads', '1'];
  const peer = ['--peer', 'python', '--python', fakePython(`echo '${answer}'`)];
  const { status, figures, stderr } = bench(...words, ...peer);
  expect([status, stderr]).toEqual([0, '']);
  expect(figures.map(({ unit, peer_value }) => [unit, peer_value])).toEqual([
    ['s', 4],
    ['squares', 100],
    ['s', 4],
    ['squares', 100],
  ]);
  expect(figures[0]?.metric).toMatch(/^seconds, 90 vectors of width 20 in 10 clusters, \d+ iterations$/);
  expect(bench(...words, '--clusters', '91').stderr).toContain('--clusters must be at most --vectors 90');
});

test('a number that is none is an error that names the option', () => {
  const { status, stderr } = bench('synthesize', '--min-p', '2', '--temperature', 'warm', '--constrained', 'maybe');
  expect(status).toBe(2);
  expect(stderr).toContain('--constrained must be no, yes; it is "maybe"');
  expect(stderr).toContain('--temperature must be a number from 0 to 5; it is "warm"');
  expect(stderr).toContain('--min-p must be a number from 0 to 1; it is "2"');
});

test('train-length makes samples of each length, and a peer that dies has no figure', () => {
  const python = fakePython('kill -9 $$');
  const { status, figures, stderr } = bench(
    ...['train-length', ...tiny(), '--lengths', '32,64', '--peer', 'peft', '--python', python],
  );
  expect(status).toBe(0);
  expect(figures.map(({ metric }) => metric)).toEqual([
    ...['tokens of whole steps, length 32', 'peak resident memory, length 32'],
    'forecast of that memory (copied weights: all), length 32',
    ...['tokens of whole steps, length 64', 'peak resident memory, length 64'],
    'forecast of that memory (copied weights: all), length 64',
  ]);
  expect(figures.every((figure) => !('peer' in figure))).toBe(true);
  expect(stderr).toContain('length 64 gave no figure: it was ended by SIGKILL');
});

test('train-shape forecasts a whole shape from a few layers', () => {
  const few = ['--shape', 'smollm2-135m', '--layers', '2,30', '--length', '32', '--copied-weights', 'none'];
  const { status, figures, stderr } = bench('train-shape', ...few, ...['--threads', '1', '--steps', '1']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const of = 'smollm2-135m, length 32, copied weights: none, activations: recompute';
  expect(figures.map(({ metric, unit }) => [metric, unit])).toEqual([
    ['file in Q4_K_M, smollm2-135m, 30 layers', 'MiB'],
    [`the trainer's forecast of memory, ${of}`, 'MiB'],
    [`peak resident memory, ${of}`, 'MiB'],
    [`time of a layer, ${of}`, 's'],
    [`time of a step without its layers, ${of}`, 's'],
    [`tokens of whole steps, ${of}`, 'tokens/s'],
  ]);
  const [file = 0, forecast = 0, peak = 0, layer = 0, rest = 0, speed = 0] = figures.map(({ value }) => Number(value));
  expect(speed).toBeCloseTo(32 / (rest + 30 * layer), 0);
  for (const memory of [forecast, peak]) expect(memory).toBeGreaterThan(file);
});

test('train-shape that is interrupted leaves no model behind', async () => {
  const temporary = mkdtempSync(path.join(folder, 'interrupted-'));
  const words = ['train-shape', '--shape', 'smollm2-135m', '--length', '32', '--threads', '1'];
  const child = spawn(process.execPath, [...program, ...words], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = once(child, 'close');
  const isWritten = () => readdirSync(temporary).some((name) => name.startsWith('isheep-shape-'));
  while (child.exitCode === null && !isWritten()) await setTimeout(10);
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(stderr).toContain('error [interrupted] the benchmark was interrupted');
  expect(readdirSync(temporary)).toEqual([]);
});

test('unknown options, options of another benchmark and bad values are errors', () => {
  const wrong = bench('train', '--dta', 'x', '--steps', 'many', '--lengths', '3');
  expect(wrong).toMatchObject({ status: 2, stdout: '' });
  expect(wrong.stderr).toContain('benchmark train has no option --dta. Did you mean --data?');
  expect(wrong.stderr).toContain('benchmark train has no option --lengths.');
  expect(wrong.stderr).toContain('--steps must be a whole number from 1; it is "many"');
  expect(bench('train-shape', '--shape', 'llama-70b', '--layers', '1,3').stderr).toMatch(
    /--layers must be two even whole numbers .*; it is "1,3"; --shape must be smollm2-135m, .*; it is "llama-70b"/,
  );
  expect(bench('trian').stderr).toContain('no benchmark "trian". Did you mean train?');
  expect(bench('train', '--model', tinyModel(), '--data', data, '--batch-size', '50').stderr).toContain(
    'gives 8 samples; 250 are needed',
  );
  const { status, stderr } = bench('train', '--peer', 'peft', '--python', path.join(folder, 'nothing'));
  expect(status).toBe(2);
  expect(stderr).toContain('the peer peft cannot be run by');
  expect(stderr).toContain('hint: name a Python that has torch');
});

test('--help lists what each benchmark reads', () => {
  const all = bench('--help').stdout;
  expect(all).toContain('train-length: ');
  const one = bench('train', '--help').stdout;
  expect(one).toContain('--peer NAME');
  expect(one).not.toContain('--lengths');
});

const answered = path.join(folder, 'answered.jsonl');
const answer = (i: number) => `The answer number ${i} has some words, more than eight of them, and ends with ${i * 7}.`;
const rows = Array.from({ length: 5 }, (_, i) => ({ instruction: `Say number ${i}.`, output: answer(i) }));
const faulty = { instruction: 'Say a number.', response: answer(9), fault: 'checker' };
writeFileSync(answered, [...rows, faulty, faulty].map((row) => JSON.stringify(row)).join('\n'));

test('judge-quality gives every scorer an area and its interval for every kind of bad pair, and a table', () => {
  const { status, figures, stderr } = bench(
    ...['judge-quality', '--model', tinyModel(), '--threads', '1', '--data', answered, '--limit', '4'],
  );
  expect(status).toBe(0);
  const lowest = figures.find(({ metric }) => metric === 'lowest rank, cut: area under the ROC curve');
  expect(lowest).toMatchObject({ name: 'judge-quality', unit: 'share' });
  const { value = NaN, low = NaN, high = NaN } = lowest as Record<string, number>;
  expect(low).toBeLessThanOrEqual(value);
  expect(high).toBeGreaterThanOrEqual(value);
  const metrics = figures.map(({ metric }) => metric);
  expect(metrics).toContain('lowest rank, cut: paired accuracy');
  expect(metrics).toContain('length in words, checker: area under the ROC curve');
  expect(metrics).not.toContain('length in words, checker: paired accuracy');
  expect(metrics).toContain('expected combined raw: correlation with length');
  expect(figures.find(({ metric }) => metric === 'length in words, cut: area under the ROC curve')?.value).toBe(1);
  expect(stderr).toContain('4 good pairs, 22 in all');
  expect(stderr).toMatch(/\n\| lowest rank \| \d?\.\d\d ±/);
});

test('generate measures every shape and a workload, and names the peer that is not built', () => {
  const model = ['--model', tinyModel({ context: 2048 }), '--threads', '1', '--rounds', '1'];
  const { status, figures, stderr } = bench('generate', ...model);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(figures.filter(({ metric }) => String(metric).startsWith('decoding'))).toHaveLength(10);
  for (const { value } of figures) expect(value).toBeGreaterThan(0);
  expect(figures.at(-2)).toMatchObject({ unit: 'tokens/s', metric: expect.stringContaining('64 requests') as string });
  const wrong = bench('generate', ...model, '--peer', 'peft');
  expect(wrong).toMatchObject({ status: 2, stdout: '' });
  expect(wrong.stderr).toContain('--peer must be llama-batched-bench or node-llama-cpp');
});

test('judge measures both protocols and the unshared tokens in one run', () => {
  const { status, figures, stderr } = bench(
    ...['judge', '--model', tinyModel(), '--threads', '1', '--data', answered, '--limit', '3', '--rounds', '1'],
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(figures.map(({ metric, unit }) => [metric, unit])).toEqual([
    ['pairs a second, expected', 'pairs/s'],
    ['pairs a second, sampled until the number is known', 'pairs/s'],
    ['time of expected to that of prefilling the unshared tokens alone, from an empty cache', 'times'],
    ['time of expected to that of prefilling the unshared tokens alone, behind the shared ones', 'times'],
    ['unshared tokens of a pair, expected', 'tokens'],
  ]);
  const [expected] = figures as Record<string, number>[];
  expect(expected?.peer).toMatch(/^the paper's protocol, 3 pairs, \d+ tokens$/);
  expect(expected?.ratio).toBeCloseTo((expected?.value ?? 0) / (expected?.peer_value ?? 0), 1);
});

test('a file of pairs that is none says which row', () => {
  const file = path.join(folder, 'bad.jsonl');
  writeFileSync(file, '{"instruction": "a", "output": "b"}\n{"instruction": "a"}\n');
  const { status, stderr } = bench('judge-quality', '--model', tinyModel(), '--data', file);
  expect(status).toBe(2);
  expect(stderr).toContain(`row 2 of ${file} is no pair`);
});
