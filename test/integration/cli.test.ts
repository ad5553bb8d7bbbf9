// The program as a person starts it: bad input ends in one clear error, the right exit code, and nothing half-written.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { acquireLock } from '../../src/store/lock.js';
import { realModelPath } from '../support/models.js';
import { tinyModel } from '../support/tiny-model.js';

const program = path.resolve(import.meta.dirname, '../../dist/cli/main.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'isheep-cli-'));
  writeFileSync(file('prompts.jsonl'), '{"id":"a","prompt":"One two"}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string) => path.join(folder, name);

function isheep(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { exitCode: status, stdout, stderr };
}

/** The error lines, without what progress there was. */
function errorLines(stderr: string): string[] {
  return stderr.split('\n').filter((line) => /^(error|hint)/.test(line));
}

function firstBytes(source: string, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const descriptor = openSync(source, 'r');
  readSync(descriptor, bytes);
  closeSync(descriptor);
  return bytes;
}

describe('a model that cannot be used', () => {
  const generate = (model: string) =>
    isheep('generate', '--prompts', 'prompts.jsonl', '--out', 'out.jsonl', '--model', model);

  it.each([
    ['a name that nobody knows', () => 'smollm2-135m-instrct', 'model-not-found', 'did you mean smollm2-135m-instruct'],
    ['a missing file', () => file('missing.gguf'), 'model-not-found', 'missing.gguf'],
    ['a folder', () => folder, 'model-not-found', 'folder'],
    ['a file that is not GGUF', () => written('text.gguf', 'these are not the weights'), 'bad-input', 'text.gguf'],
    ['an empty file', () => written('empty.gguf', ''), 'bad-input', 'empty.gguf'],
    ['a truncated file', () => written('cut.gguf', firstBytes(realModelPath(), 3_000_000)), 'bad-input', 'cut.gguf'],
    ['one whose header is cut', () => written('head.gguf', firstBytes(realModelPath(), 40)), 'bad-input', 'head.gguf'],
  ])('%s', (_, model, code, part) => {
    const { exitCode, stdout, stderr } = generate(model());
    const lines = errorLines(stderr);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(new RegExp(`^error \\[${code}\\] `));
    expect(lines[1]).toMatch(/^hint: ./);
    expect(lines.join('\n')).toContain(part);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(existsSync(file('out.jsonl'))).toBe(false);
  });

  it('an architecture that cannot be trained is refused by name, before any work', () => {
    writeFileSync(file('pairs.jsonl'), '{"id":"a","instruction":"x","response":"y"}\n');
    const other = tinyModel({ architecture: 'falcon' });
    const { exitCode, stderr } = isheep('train', '--data', 'pairs.jsonl', '--out', 'adapter.gguf', '--model', other);
    expect(errorLines(stderr)[0]).toMatch(/^error \[unsupported-model\] .*falcon/);
    expect(stderr).toContain('llama, qwen2, qwen3, gemma3');
    expect(exitCode).toBe(2);
    expect(existsSync(file('adapter.gguf'))).toBe(false);
  });

  function written(name: string, content: string | Buffer): string {
    writeFileSync(file(name), content);
    return file(name);
  }
});

describe('a run that cannot start', () => {
  const run = (...words: readonly string[]) => isheep('run', '--run', 'run', '--model', realModelPath(), ...words);

  it('names all bad lines of a seed file at once', () => {
    writeFileSync(
      file('seeds.jsonl'),
      '{"id":"a","instruction":"Fine"}\n{"id":"b"}\nnothing\n{"id":"a","instruction":"Twice"}\n',
    );
    const { exitCode, stderr } = run('--seeds', 'seeds.jsonl');
    expect(stderr).toContain('error [bad-input]');
    for (const line of [2, 3, 4]) expect(stderr).toContain(`seeds.jsonl:${line}`);
    expect(exitCode).toBe(2);
    expect(existsSync(file('run'))).toBe(false);
  });

  it('refuses an empty seed file', () => {
    writeFileSync(file('none.jsonl'), '');
    const { exitCode, stderr } = run('--seeds', 'none.jsonl');
    expect(errorLines(stderr)[0]).toMatch(/^error \[bad-input\] .*none\.jsonl/);
    expect(exitCode).toBe(2);
    expect(existsSync(file('run'))).toBe(false);
  });

  it('names unknown keys of a configuration file and wrong values, all at once', () => {
    writeFileSync(file('config.json'), '{"train": {"rnak": 8, "alpha": "x"}, "iteratons": 2}');
    const { exitCode, stderr } = run('--config', 'config.json');
    expect(errorLines(stderr).slice(0, 3)).toEqual([
      'error [bad-config] train.alpha must be a number above 0; "x" is a string',
      'error [bad-config] No option train.rnak. Did you mean train.rank?',
      'error [bad-config] No option iteratons. Did you mean iterations?',
    ]);
    expect(exitCode).toBe(2);
    expect(existsSync(file('run'))).toBe(false);
  });

  it('says that another process works on the folder', () => {
    const lock = acquireLock(file('locked'));
    const { exitCode, stderr } = isheep('run', '--run', 'locked', '--model', realModelPath());
    lock.release();
    expect(errorLines(stderr)[0]).toMatch(new RegExp(`^error \\[run-locked\\] .*locked.*${process.pid}`));
    expect(exitCode).toBe(2);
  });

  it('says that the database of the run is damaged', () => {
    acquireLock(file('damaged')).release();
    writeFileSync(file('damaged/run.db'), 'this was a database once, and now it is a text of some length');
    const { exitCode, stderr } = isheep('run', '--run', 'damaged', '--model', realModelPath());
    expect(errorLines(stderr)[0]).toMatch(/^error \[corrupt-run\] .*run\.db/);
    expect(exitCode).toBe(1);
  });
});

describe('the process', () => {
  /** Ends with the exit code and what it wrote; `close` is the stream whose reader goes away. */
  async function endOf(words: readonly string[], close: 'stdout' | 'stderr') {
    const child = spawn(process.execPath, [program, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (text) => {
        written[name] += String(text);
        if (name === close) child[name].destroy();
      });
    }
    if (close === 'stderr') child.stderr.destroy();
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    return { exitCode, ...written };
  }

  /** More than a pipe holds. */
  function manyPairs(): void {
    const response = 'The sea is wide. '.repeat(20);
    const rows = Array.from({ length: 3000 }, (_, i) => ({ id: `p${i}`, instruction: `Say ${i}.`, response }));
    writeFileSync(file('pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  it('ends quietly when the reader of its results has enough', async () => {
    manyPairs();
    const words = ['filter', '--data', 'pairs.jsonl', '--rules', 'empty-response', '--quiet'];
    const { exitCode, stdout, stderr } = await endOf(words, 'stdout');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.startsWith('{"id":"p0"')).toBe(true);
    expect(stdout.split('\n').length).toBeLessThan(3000);
  });

  it('goes on where nobody reads what it tells beside its results', async () => {
    manyPairs();
    const words = ['filter', '--data', 'pairs.jsonl', '--rules', 'empty-response', '--out', 'read-by-nobody.jsonl'];
    expect(await endOf(words, 'stderr')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(file('read-by-nobody.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(3000);
  });

  it('leaves no file behind when it is interrupted twice', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `{"id":"${i}","prompt":"Tell me a long story about ${i}"}\n`);
    writeFileSync(file('many.jsonl'), rows.join(''));
    const words = [
      'generate',
      '--prompts',
      'many.jsonl',
      '--out',
      'many-out.jsonl',
      '--max-tokens',
      '400',
      '--model',
      realModelPath(),
    ];
    const child = spawn(process.execPath, [program, ...words], { cwd: folder });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += String(text);
      if (stderr.includes('generate: 0 of 300') && !stderr.includes('interrupted')) child.kill('SIGINT');
      if (stderr.includes('Ctrl-C again') && !stderr.includes('stopping')) child.kill('SIGINT');
    });
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    expect(errorLines(stderr)[0]).toMatch(/^error \[interrupted\] /);
    expect(exitCode).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith('many-out'))).toEqual([]);
  });

  it('writes completions, the same ones for the same seed', () => {
    const words = [
      'generate',
      '--prompts',
      'prompts.jsonl',
      '--max-tokens',
      '8',
      '--model',
      realModelPath(),
      '--quiet',
    ];
    const first = isheep(...words);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({ id: 'a', tokens: 8, stop: 'length' });
    expect(isheep(...words)).toEqual(first);
  });
});
