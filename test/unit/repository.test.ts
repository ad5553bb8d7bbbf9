// What the repository looks like from its top, and what its files must not hold.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { knownModels } from '../../src/engine/known-models.js';

const root = path.resolve(import.meta.dirname, '..', '..');

function trackedFiles(): string[] {
  const listed = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  expect(listed.status).toBe(0);
  return listed.stdout.split('\0').filter((name) => name !== '');
}

test('the top level has seven names, beside dot files, documents and the lock file', () => {
  const names = new Set(trackedFiles().map((file) => file.split('/')[0] ?? ''));
  const besides = /^(\..*|docs|.*\.md|LICENSE|package-lock\.json)$/;
  expect([...names].filter((name) => !besides.test(name)).sort()).toEqual([
    'binding.gyp',
    'models',
    'native',
    'package.json',
    'scripts',
    'src',
    'test',
  ]);
});

test('no weights, addons or builds are tracked', () => {
  expect(trackedFiles().filter((name) => /\.(gguf|node|so|dylib|dll|whl)$|^(dist|build)\//.test(name))).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "http/);
});

test('every dependency is pinned to one version', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  const versions = Object.entries({ ...dependencies, ...devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test('every file of models/ is a known model, named like its file', () => {
  const files = trackedFiles().filter((name) => /^models\/[^/]+\.json$/.test(name));
  expect(knownModels().map(({ name }) => `models/${name}.json`)).toEqual(files);
});

test('the network is used where models are fetched and by endpoints, and nowhere else', () => {
  const users = trackedFiles().filter((name) => {
    if (!/^src\/.*\.ts$/.test(name)) return false;
    const text = readFileSync(path.join(root, name), 'utf8');
    return /from '(undici|node:(net|http|https|http2|tls|dgram))'|\bfetch\(|new (WebSocket|EventSource)\b/.test(text);
  });
  expect(users).toEqual(['src/engine/endpoint/http.ts', 'src/engine/fetch/url-source.ts']);
});
