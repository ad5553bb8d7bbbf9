// The real libraries, and a CPU library made here that ends the process as one for another processor does.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { chooseLibraries } from '../../src/native/library-choice.js';
import { builtVariants, cpuLibraries, instructionSet } from '../../src/native/library-variant.js';
import { loadAddon, wantedVariants } from '../../src/native/load-addon.js';
import { probe } from '../../src/native/probe.js';
import { temporaryFolder } from '../support/temporary-folder.js';

function plainVariant() {
  const variant = builtVariants().find(({ name }) => name === 'cpu') ?? builtVariants()[0];
  if (!variant) throw new Error('no addon is built: run `npm run build:native`');
  return variant;
}

describe('loadAddon', () => {
  test('loads llama.cpp with a CPU device whose products come out right', () => {
    const addon = loadAddon();
    const info = addon.systemInfo();
    expect(info.llamaVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(info.devices.map(({ backend }) => backend)).toContain('CPU');
    addon.tryProducts();
  });

  test('gives the same addon again, and refuses another choice in the same process', () => {
    expect(loadAddon()).toBe(loadAddon());
    expect(() => loadAddon({ cpuLibrary: 'x64' })).toThrow(
      'the native addon is already loaded, with another variant or CPU library',
    );
  });

  test('where nothing is built, the error says how to build', () => {
    const nothing = builtVariants(temporaryFolder());
    expect(() => wantedVariants('', nothing)).toThrow(
      expect.objectContaining({
        code: 'not-built',
        message: 'the native addon is not built',
        hint: 'run `npm run build:native`; it needs CMake and a C++17 compiler and says how to get them',
      }),
    );
  });

  test('an unknown variant is refused with those that are built', () => {
    const built = [plainVariant()];
    expect(() => wantedVariants('rocm', built)).toThrow(
      expect.objectContaining({
        message: 'the variant "rocm" is not built here',
        hint: `built are ${built[0]?.name ?? ''}`,
      }),
    );
  });

  test('a manifest that cannot be read counts as not built', () => {
    const root = temporaryFolder();
    mkdirSync(path.join(root, 'build', 'native'), { recursive: true });
    writeFileSync(path.join(root, 'build', 'native', 'variants.json'), '{"variants": 3}');
    expect(() => builtVariants(root)).toThrow(expect.objectContaining({ code: 'not-built' }));
  });
});

describe.runIf(process.platform === 'linux')('a CPU library that traps', () => {
  /** The plain variant with one more CPU library, which ggml likes best and which dies when it is started. */
  function variantWithTrap() {
    const variant = plainVariant();
    const libraries = temporaryFolder();
    for (const name of readdirSync(variant.libraries)) {
      symlinkSync(path.join(variant.libraries, name), path.join(libraries, name));
    }
    const source = path.join(libraries, 'trap.c');
    writeFileSync(
      source,
      'int ggml_backend_score(void) { return 1 << 30; }\nvoid *ggml_backend_init(void) { __builtin_trap(); }\n',
    );
    const trap = path.join(libraries, 'libggml-cpu-zz_trap.so');
    const compiled = spawnSync('cc', ['-shared', '-fPIC', '-o', trap, source], { encoding: 'utf8' });
    expect(compiled.stderr).toBe('');
    return { ...variant, libraries };
  }

  test('ends its own process only, and the best of the others is used', () => {
    const variant = variantWithTrap();
    const usual = probe({ ...plainVariant(), otherLibraries: [] });
    const choice = chooseLibraries([variant], { cache: temporaryFolder() });
    expect(choice.cpuLibrary).toBe(path.basename(usual.cpuLibrary ?? ''));
    expect(choice.tried[0]).toEqual({
      variant: variant.name,
      cpuLibrary: '',
      outcome: 'broken-cpu-library',
      note: 'illegal instruction: the processor lacks what the library uses',
    });
  });
});

test('CPU libraries are tried from the newest instruction set to the oldest', () => {
  const folder = temporaryFolder();
  const names = ['x64', 'haswell', 'zen4', 'armv8.0_1', 'armv9.2_2', 'sse42', 'sapphirerapids'];
  for (const name of names) writeFileSync(path.join(folder, `libggml-cpu-${name}.so`), '');
  writeFileSync(path.join(folder, 'libggml-base.so'), '');
  expect(cpuLibraries(folder).map(instructionSet)).toEqual([
    ...['armv9.2_2', 'armv8.0_1'],
    ...['sapphirerapids', 'zen4', 'haswell', 'sse42', 'x64'],
  ]);
});
