// llama.cpp built from the bundle, the addon with it, and a product computed there. Many minutes.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

import { otherLibraries } from '../../src/native/library-variant.js';
import { probe } from '../../src/native/probe.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = path.resolve(import.meta.dirname, '..', '..');

test('llama.cpp builds from source, and the addon over it computes right', () => {
  const out = temporaryFolder();
  const script = path.join(root, 'scripts', 'build-native.mjs');
  const built = spawnSync(process.execPath, [script, '--from-source', '--out', out], { encoding: 'utf8' });
  expect(built.stderr).toBe('');
  expect(built.stdout).toMatch(/native addon \(from source; llama\.cpp v[\d.]+\) ready after/);
  const libraries = path.join(out, 'bin');
  const addon = path.join(out, 'Release', 'isheep-source.node');
  expect(probe({ addon, libraries, otherLibraries: otherLibraries(libraries) })).toMatchObject({
    ok: true,
    reason: '',
  });
});
