// `isheep merge` on tiny models: what it takes, what it refuses, and what it says.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { createEngine } from '../../src/engine/create-engine.js';
import { loadModel } from '../../src/engine/model.js';
import { runLoop } from '../../src/pipeline/run.js';
import { parseAdapter } from '../../src/pipeline/verbs/merge.js';
import { isheep } from '../unit/cli/support.js';
import { randomAdapter } from '../support/random-adapter.js';
import { runFolder } from '../support/run-folder.js';
import { tinyEngine } from '../support/tiny-engine.js';
import { tinyModel } from '../support/tiny-model.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-merge-verb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string) => path.join(folder, name);

const base = tinyModel();
const untaught = tinyModel({ chatTemplate: false });
const adapter = inFolder('adapter.gguf');
randomAdapter(adapter, base, { seed: 1, size: 0.3 });
const data = inFolder('pairs.jsonl');
writeFileSync(data, `${JSON.stringify({ id: 'a', instruction: 'Count to three', response: 'One, two, three.' })}\n`);

function merge(...words: string[]) {
  const all = ['merge', '--device', 'cpu', '--threads', '1', '--data', data, ...words];
  return isheep(all, { createEngine });
}

/** An adapter that says by which template it was trained. */
function adapterOf(name: string, template: string): string {
  const file = inFolder(name);
  randomAdapter(file, base, { seed: 1, size: 0.3, more: { 'isheep.chat-template': template } });
  return file;
}

test('it writes the model and says what the merge cost', async () => {
  const out = inFolder('merged.gguf');
  const { exitCode, stdout, stderr } = await merge('--model', base, '--adapter', adapter, '--out', out);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('compare: done in')]);
  expect(stdout).toMatch(
    /merged\.gguf: .*, type f16; 14 of \d+ tensors changed\nrounding: 100\.0 % of .*; least in blk\.\d/,
  );
  expect(stdout).toMatch(
    /on 1 pair \(\d+ tokens of responses\): KL from the live adapter .* nats a token\nperplexity: base/,
  );
  expect(existsSync(out)).toBe(true);
});

test('with --json it says the same in one object, and a type of few bits is advised against', async () => {
  const out = inFolder('small.gguf');
  const words = ['--model', base, '--adapter', `${adapter}:0.001`, '--out', out, '--type', 'q4_0', '--json', '--quiet'];
  const { stdout, stderr } = await merge(...words);
  const told = JSON.parse(stdout) as { advice: string | null };
  expect(told).toMatchObject({
    ...{ model: out, type: 'q4_0', merged: 14, adapters: [{ path: adapter, scale: 0.001 }] },
    cost: { pairs: 1, perplexity: { base: expect.any(Number) as number } },
  });
  expect(stderr).toBe(told.advice === null ? '' : `warning: ${told.advice}\n`);
});

describe('the chat template that an adapter was trained with', () => {
  test('goes into a base that has none, where it comes with isheep', async () => {
    const out = inFolder('plain.gguf');
    const { exitCode } = await merge('--model', untaught, '--adapter', adapterOf('named.gguf', 'plain'), '--out', out);
    expect(exitCode).toBe(0);
    const model = await loadModel({ path: out, device: 'cpu', threads: 1 });
    expect(model.info.chatTemplate).toContain('Assistant:');
    const { tokens } = model.exampleTokens({ messages: [{ role: 'user', content: 'Hi' }], response: 'Ho' });
    expect(model.info.endTokens).toContain(tokens.at(-1));
    await model.dispose();
  });

  test('is asked for where the adapter names a file, and must be that file', async () => {
    const template = inFolder('template.jinja');
    writeFileSync(template, "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ eos_token }}{% endfor %}");
    const { createHash } = await import('node:crypto');
    const hash = `sha256:${createHash('sha256').update(readFileSync(template)).digest('hex')}`;
    const words = [
      '--model',
      untaught,
      '--adapter',
      adapterOf('hashed.gguf', hash),
      '--out',
      inFolder('hashed-out.gguf'),
    ];
    const without = await merge(...words);
    expect([without.exitCode, without.stderr]).toEqual([2, expect.stringContaining('--chat-template FILE')]);
    const other = await merge(...words, '--chat-template', 'chatml');
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('--chat-template chatml is another')]);
    const given = await merge(...words, '--chat-template', template);
    expect(given.exitCode).toBe(0);
    const model = await loadModel({ path: inFolder('hashed-out.gguf'), vocabularyOnly: true });
    expect(model.info.chatTemplate).toBe(readFileSync(template, 'utf8'));
    await model.dispose();
  });
});

test.each([
  [['--adapter', adapter], '--out'],
  [['--out', 'x.gguf'], 'needs --adapter, or --run'],
  [['--out', 'x.gguf', '--adapter', adapter, '--run', 'r'], '--adapter and --run cannot be given together'],
  [['--out', 'x.gguf', '--run', 'r', '--model', 'm'], '--model and --run cannot be given together'],
  [['--out', 'x.gguf', '--adapter', adapter, '--iteration', '1'], '--iteration has no meaning without --run'],
  [['--out', 'x.gguf', '--adapter', adapter, '--type', 'q9'], '--type must be one of same, f32'],
  [['--out', 'x.gguf', '--adapter', `${adapter}:half`], '"half" is not a number'],
  [['--out', 'x.gguf', '--run', 'no-such-run'], 'no-such-run'],
])('%j is refused before any work', async (words, message) => {
  const { exitCode, stderr } = await merge(...words);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('a scale stands behind the last colon, unless a file has that name', () => {
  expect(parseAdapter('a/b.gguf')).toEqual({ path: 'a/b.gguf', scale: 1 });
  expect(parseAdapter('a/b.gguf:0.25')).toEqual({ path: 'a/b.gguf', scale: 0.25 });
  expect(parseAdapter('C:\\b.gguf')).toEqual({ path: 'C:\\b.gguf', scale: 1 });
  const odd = inFolder('odd:2');
  writeFileSync(odd, '');
  expect(parseAdapter(odd)).toEqual({ path: odd, scale: 1 });
});

test('an iteration of a run needs nothing but the run', async () => {
  const run = runFolder({
    ...{ model: tinyModel({ context: 4096 }), device: 'cpu', threads: 1, iterations: 1 },
    synthesize: { chunk: 3, maxTokens: 8, demonstrations: 3 },
    respond: { chunk: 5, maxTokens: 8 },
    train: { batchSize: 2, epochs: 1, validation: 0.2, maxLength: 400, rank: 2, learningRate: 0.01, warmupSteps: 1 },
  });
  const modelPath = run.config.model;
  await runLoop({ ...run, modelPath, engine: tinyEngine(modelPath), report: () => undefined });
  const out = inFolder('of-run.gguf');
  const words = ['merge', '--run', run.runDir, '--iteration', '1', '--out', out, '--device', 'cpu', '--threads', '1'];
  const { exitCode, stdout } = await isheep([...words, '--type', 'f16', '--json'], { createEngine });
  expect(exitCode).toBe(0);
  // The held-out pairs of the iteration, and the 20 seeds.
  const { cost } = JSON.parse(stdout) as { cost: { pairs: number } };
  expect(cost.pairs).toBeGreaterThan(20);
  const other = await isheep([...words.slice(0, 4), '7', ...words.slice(5)], { createEngine });
  expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('iteration 7 of')]);
  run.remove();
});
