import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';

import type { DeviceInfo } from '../../../src/native/addon-types.js';
import { chooseLibraries } from '../../../src/native/library-choice.js';
import type { LibraryVariant } from '../../../src/native/library-variant.js';
import type { Probe, ProbeRequest, ProbeResult } from '../../../src/native/probe.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const gpu: DeviceInfo = {
  name: 'GPU0',
  description: 'A fast one',
  backend: 'CUDA',
  isGpu: true,
  freeBytes: 1,
  totalBytes: 1,
};
const sets = ['haswell', 'sapphirerapids', 'x64', 'zen4'];

let folder: string;
let cache: string;

beforeEach(() => {
  folder = temporaryFolder();
  cache = path.join(folder, 'cache');
});

function variant(name: string): LibraryVariant {
  const libraries = path.join(folder, name);
  mkdirSync(libraries);
  for (const set of sets) writeFileSync(path.join(libraries, `libggml-cpu-${set}.so`), '');
  return { name, libraries, addon: `${name}.node`, release: 'v1' };
}

/** A machine: which CPU libraries work (ggml chooses sapphirerapids), which variants offer a GPU. */
function machine(works: readonly string[], gpus: readonly string[] = [], brokenGpu = ''): Probe & { asked: string[] } {
  const asked: string[] = [];
  const run = ({ libraries, cpuLibrary }: ProbeRequest): ProbeResult => {
    const loaded = cpuLibrary ?? path.join(libraries, 'libggml-cpu-sapphirerapids.so');
    const set = /cpu-(\w+)\.so$/.exec(loaded)?.[1] ?? '';
    asked.push(`${path.basename(libraries)}/${set}`);
    const ok = works.includes(set);
    const devices = gpus.includes(path.basename(libraries)) ? [gpu] : [];
    const failures = devices.length > 0 ? [] : ['libcuda.so.1: not there'];
    const reason = ok ? '' : 'illegal instruction';
    return { ok, reason, cpuLibrary: loaded, devices, gpuReason: brokenGpu, failures };
  };
  return Object.assign(run, { asked });
}

test('the best variant that offers a GPU is taken', () => {
  const variants = [variant('cuda'), variant('cpu')];
  const choice = chooseLibraries(variants, { cache, probe: machine(['sapphirerapids'], ['cuda']) });
  expect(choice).toEqual({
    variant: 'cuda',
    cpuLibrary: 'libggml-cpu-sapphirerapids.so',
    tried: [{ variant: 'cuda', cpuLibrary: 'sapphirerapids', outcome: 'taken', note: 'A fast one' }],
  });
});

test.each([
  ['whose device is missing', machine(['sapphirerapids']), 'no-device', 'no GPU device: libcuda.so.1: not there'],
  [
    'whose GPU is listed and does not compute',
    machine(['sapphirerapids'], ['cuda'], 'the driver is too old'),
    'broken-gpu',
    'A fast one does not compute: the driver is too old',
  ],
])('a variant %s gives way to the next, and says why', (_, probe, outcome, note) => {
  const choice = chooseLibraries([variant('cuda'), variant('cpu')], { cache, probe });
  expect(choice.variant).toBe('cpu');
  expect(choice.tried[0]).toEqual({ variant: 'cuda', cpuLibrary: 'sapphirerapids', outcome, note });
});

test('where the only variant is one whose GPU does not compute, the error says so', () => {
  const probe = machine(['sapphirerapids'], ['cuda'], 'the driver is too old');
  expect(() => chooseLibraries([variant('cuda')], { cache, probe })).toThrow(/A fast one does not compute: the driver/);
});

test('a GPU variant alone serves as the plain one', () => {
  const choice = chooseLibraries([variant('vulkan')], { cache, probe: machine(['sapphirerapids']) });
  expect(choice.variant).toBe('vulkan');
});

test('where the CPU library traps, the next lower one is used', () => {
  const probe = machine(['haswell', 'x64']);
  const choice = chooseLibraries([variant('cpu')], { cache, probe });
  expect(choice.cpuLibrary).toBe('libggml-cpu-haswell.so');
  expect(probe.asked).toEqual(['cpu/sapphirerapids', 'cpu/zen4', 'cpu/haswell']);
  expect(choice.tried.map(({ cpuLibrary, note }) => `${cpuLibrary}: ${note}`)).toEqual([
    'sapphirerapids: illegal instruction',
    'zen4: illegal instruction',
    'haswell: ',
  ]);
});

test('the answer is remembered, and asked for again when the library has gone', () => {
  const variants = [variant('cpu')];
  const probe = machine(['zen4', 'x64']);
  const first = chooseLibraries(variants, { cache, probe });
  const asked = probe.asked.length;
  expect(chooseLibraries(variants, { cache, probe })).toEqual(first);
  expect(probe.asked).toHaveLength(asked);
  rmSync(path.join(folder, 'cpu', 'libggml-cpu-zen4.so'));
  expect(chooseLibraries(variants, { cache, probe }).cpuLibrary).toBe('libggml-cpu-x64.so');
});

test('a cache folder that cannot be written does not matter', () => {
  writeFileSync(cache, 'a file where the folder should be');
  const choice = chooseLibraries([variant('cpu')], { cache, probe: machine(['sapphirerapids']) });
  expect(choice.variant).toBe('cpu');
});

test('where nothing works, everything that was tried is told', () => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  const only = variant('cpu');
  for (const set of ['haswell', 'x64', 'zen4']) rmSync(path.join(only.libraries, `libggml-cpu-${set}.so`));
  expect(() => chooseLibraries([only], { cache, probe: machine([]) })).toThrow(
    'no llama.cpp library works on this machine: cpu sapphirerapids: illegal instruction',
  );
});
