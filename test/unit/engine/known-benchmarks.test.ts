import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';

import { benchmarkFolder, fetchedFiles, filesOf, knownBenchmarks } from '../../../src/engine/known-benchmarks.js';
import { fileRoles } from '../../../src/stages/evaluate/benchmark.js';
import { benchmarks } from '../../../src/stages/evaluate/benchmarks/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

afterEach(() => vi.unstubAllEnvs());

it('are benchmarks that there are, with files in roles that they read', () => {
  expect(knownBenchmarks().length).toBeGreaterThan(5);
  for (const { name, files } of knownBenchmarks()) {
    const benchmark = benchmarks.find((one) => one.name === name);
    expect(benchmark, name).toBeDefined();
    const read = [...(benchmark?.needs.files ?? []), ...(benchmark?.needs.optionalFiles ?? [])] as string[];
    for (const { role } of files) {
      expect(Object.keys(fileRoles)).toContain(role);
      expect(read, `${name} reads ${role}`).toContain(role);
    }
  }
});

it('are here once each file is whole', () => {
  vi.stubEnv('ISHEEP_BENCHMARKS_DIR', temporaryFolder());
  expect(fetchedFiles('ifeval')).toEqual({});
  const known = knownBenchmarks().find(({ name }) => name === 'ifeval');
  const [file] = known === undefined ? [] : filesOf(known);
  const at = path.join(benchmarkFolder('ifeval'), file?.file ?? '');
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, '');
  truncateSync(at, file?.bytes ?? 0);
  expect(fetchedFiles('ifeval')).toEqual({ data: at });
  truncateSync(at, 10);
  expect(fetchedFiles('ifeval')).toEqual({});
  expect(fetchedFiles('unheard-of')).toEqual({});
});
