// What the build says where something is missing: run for real, with a PATH that holds only what the test puts there.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { installedVariants, unpackLlamaCpp } from '../../../scripts/native/llama-cpp.mjs';
import { checkNode, explainCMakeFailure } from '../../../scripts/native/toolchain.mjs';
import { temporaryFolder } from '../../support/temporary-folder.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..');

function realTool(name: string): string {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  expect(found).not.toBe('');
  return found;
}

interface Tools {
  real?: string[];
  fake?: Record<string, string>;
}

/** Standard error of a build with these tools only; it must end with 1 and build nothing. */
function buildWith(
  { real = [], fake = {} }: Tools,
  environment: Record<string, string> = {},
  parameters: string[] = [],
) {
  const tools = temporaryFolder();
  for (const name of real) symlinkSync(realTool(name), path.join(tools, name));
  for (const [name, script] of Object.entries(fake)) {
    writeFileSync(path.join(tools, name), `#!${realTool('sh')}\n${script}\n`);
    chmodSync(path.join(tools, name), 0o755);
  }
  const script = path.join(root, 'scripts', 'build-native.mjs');
  const env = { ...process.env, CXX: '', PATH: tools, ...environment };
  const result = spawnSync(process.execPath, [script, '--out', temporaryFolder(), ...parameters], {
    encoding: 'utf8',
    env,
  });
  expect(result.status).toBe(1);
  return result.stderr;
}

describe.skipIf(process.platform === 'win32')(
  'a missing tool is named, with the way to get it, without a stack trace',
  () => {
    test('CMake', () => {
      expect(buildWith({})).toMatch(/^error: CMake is not installed\nhint: install it: `[^\n]+\n$/);
    });

    test('a CMake that is too old', () => {
      const said = buildWith({ fake: { cmake: 'echo cmake version 3.16.3' } });
      expect(said).toMatch(/^error: CMake 3\.16 is too old: 3\.21 or newer is needed\nhint: [^\n]+\n$/);
    });

    test('git', () => {
      const said = buildWith({ real: ['cmake'] });
      expect(said).toMatch(
        /^error: git is not installed; it unpacks the headers of llama\.cpp\nhint: install it: `[^\n]+\n$/,
      );
    });

    test('a compiler', () => {
      const said = buildWith({ real: ['cmake', 'git'] });
      expect(said).toMatch(
        /^error: no C\+\+ compiler is installed \(no c\+\+, g\+\+ or clang\+\+\)\nhint: install [^\n]+\n$/,
      );
    });

    test('a compiler that CXX names and that is not there', () => {
      const said = buildWith({ real: ['cmake', 'git'] }, { CXX: 'gone' });
      expect(said).toMatch(/^error: no C\+\+ compiler is installed \(CXX names gone, which does not run\)\n/);
    });

    test('a compiler without C++17', () => {
      const said = buildWith({ real: ['cmake', 'git'], fake: { 'c++': '[ "$1" = --version ]' } });
      expect(said).toMatch(
        /^error: the C\+\+ compiler "c\+\+" cannot compile C\+\+17 \(gcc 9, clang 10 or newer can\)\n/,
      );
    });

    test('an unknown option is refused', () => {
      expect(buildWith({}, {}, ['--form-source'])).toMatch(/^error: unknown option --form-source\nhint: node scripts/);
    });
  },
);

test('a Node that is too old is refused', () => {
  expect(() => checkNode('18.20.4')).toThrow('isheep needs Node.js 20.18.1 or newer; this is 18.20.4');
  expect(() => checkNode('20.18.0')).toThrow('isheep needs Node.js 20.18.1 or newer; this is 20.18.0');
  checkNode('22.0.0');
  checkNode('20.18.1');
  checkNode('26.0.0');
});

test("CMake's words for a missing compiler or make become an error with a remedy", () => {
  const noCompiler = 'CMake Error at CMakeLists.txt:11 (project):\n  No CMAKE_CXX_COMPILER could be found.';
  expect(explainCMakeFailure(noCompiler)?.message).toBe('no C++ compiler was found');
  expect(explainCMakeFailure('error: expected ";"')).toBeUndefined();
});

describe('headers and libraries', () => {
  /** An installed package of libraries, of this version and release. */
  function scopeWith(version: string, release: string): string {
    const scope = temporaryFolder();
    const bins = path.join(scope, 'linux-x64', 'bins', 'linux-x64');
    mkdirSync(bins, { recursive: true });
    writeFileSync(path.join(scope, 'linux-x64', 'package.json'), JSON.stringify({ version }));
    writeFileSync(path.join(bins, 'libllama.v1.so'), '');
    const metadata = { buildOptions: { llamaCpp: { release } } };
    writeFileSync(path.join(bins, '_nlcBuildMetadata.json'), JSON.stringify(metadata));
    mkdirSync(path.join(scope, 'linux-arm64', 'bins'), { recursive: true });
    return scope;
  }
  const pinned = (scope: string) => ({ packageVersion: '3.0.0', release: 'v1', bundle: '', scope });

  test('of one release are taken, for this platform only', () => {
    const scope = scopeWith('3.0.0', 'v1');
    const folder = path.join(scope, 'linux-x64', 'bins', 'linux-x64');
    expect(installedVariants(pinned(scope), 'linux', 'x64')).toEqual([{ name: 'cpu', folder }]);
    expect(installedVariants(pinned(scope), 'darwin', 'arm64')).toEqual([]);
  });

  test.each([
    ['release', '3.0.0', 'v2'],
    ['package', '2.9.0', 'v1'],
  ])('of different %ss are refused', (_, version, release) => {
    const scope = scopeWith(version, release);
    expect(() => installedVariants(pinned(scope), 'linux', 'x64')).toThrow(
      `headers and libraries disagree: ${path.join(scope, 'linux-x64', 'bins', 'linux-x64')} holds llama.cpp ${release} ` +
        `(package ${version}), the headers are of v1 (package 3.0.0)`,
    );
  });

  test('a bundle that cannot be unpacked leaves nothing that a later build would take for headers', () => {
    const folder = temporaryFolder();
    const bundle = path.join(folder, 'broken.bundle');
    writeFileSync(bundle, 'not a bundle');
    const build = path.join(folder, 'build');
    expect(() => unpackLlamaCpp(build, { ...pinned(folder), bundle }, false)).toThrow(
      /^git could not unpack llama\.cpp: /,
    );
    expect(spawnSync('ls', ['-A', build], { encoding: 'utf8' }).stdout).toBe('');
  });
});
