// The package as it is published: what lies in it, and that it works away from the repository.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { temporaryFolder } from '../support/temporary-folder.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const consumer = mkdtempSync(path.join(os.tmpdir(), 'isheep-package-'));
const installed = path.join(consumer, 'node_modules', 'isheep');
let files: string[] = [];

function run(command: string, words: string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(command, words, {
    ...{ cwd: consumer, encoding: 'utf8', env: { ...process.env, ...env } },
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** Runs a module of a program that has isheep among its dependencies. */
function imported(code: string, env: NodeJS.ProcessEnv = {}): string {
  const program = path.join(consumer, 'program.mjs');
  writeFileSync(program, code);
  return run(process.execPath, [program], env);
}

beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  run('npm', ['pack', root, '--ignore-scripts', '--pack-destination', consumer]);
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  run('tar', ['xzf', `isheep-${version}.tgz`, '--strip-components=1', '-C', installed]);
  files = run('tar', ['tzf', `isheep-${version}.tgz`])
    .trim()
    .split('\n');
  symlinkSync(path.join(root, 'node_modules'), path.join(installed, 'node_modules'));
});

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

describe('the published package', () => {
  test('has what it is built from and runs on, and nothing that only a clone needs', () => {
    const names = files.map((file) => file.replace(/^package\//, ''));
    const needed = ['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'scripts/build-native.mjs', 'binding.gyp'];
    expect(needed.filter((name) => !names.includes(name))).toEqual([]);
    const besides = /^(dist|native|models|docs|scripts\/native)\/|^(package\.json|README\.md|LICENSE)$/;
    expect(names.filter((name) => !besides.test(name) && !needed.includes(name)).sort()).toEqual([
      'src/engine/sandbox/jail.py',
      'src/stages/evaluate/benchmarks/knowledge.jsonl',
      'src/stages/synthesize/seeds.jsonl',
      'src/stages/synthesize/topics.jsonl',
    ]);
    expect(names.filter((name) => /\.(map|gguf|node)$/.test(name))).toEqual([]);
  });

  test('keeps models in the cache folder, where another installation finds them', () => {
    const caches = temporaryFolder();
    const code = `import { resolveModel } from 'isheep';
      try { resolveModel('smollm2-135m-instruct'); } catch ({ message }) { console.log(message); }`;
    const told = imported(code, { XDG_CACHE_HOME: caches, ISHEEP_MODELS_DIR: '' });
    const folder = process.platform === 'linux' ? path.join(caches, 'isheep', 'models') : path.join('isheep', 'models');
    expect(told).toContain(path.join(folder, 'smollm2-135m-instruct.gguf'));
  });

  test('finds its seeds, topics and questions', () => {
    const code = `import { benchmarkNamed, prepareItems, resolveConfig } from 'isheep';
      const benchmark = benchmarkNamed('knowledge');
      console.log(prepareItems({ benchmark, files: {}, settings: { seed: 1 } }).items.length, resolveConfig().iterations);`;
    expect(imported(code)).toMatch(/^\d{3} 3\n$/);
  });
});
