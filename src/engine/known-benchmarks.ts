// The benchmarks whose files isheep knows (models/benchmarks/<name>.json): where they come from and where they lie here.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { cacheFolder } from '../shared/cache-folder.js';
import { packageRoot } from '../shared/package-root.js';
import type { KnownFile } from './known-models.js';

const fileSchema = z.strictObject({
  /** What the file holds: `data`, `baseline`, …; see stages/evaluate/benchmark.ts. */
  role: z.string(),
  file: z.string().regex(/^[\w.-]+$/),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  url: z.url(),
});

const knownBenchmarkSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  about: z.string(),
  license: z.string(),
  files: z.array(fileSchema).nonempty(),
});

export type KnownBenchmark = z.infer<typeof knownBenchmarkSchema>;

/** All of models/benchmarks/*.json, by name. */
export function knownBenchmarks(): KnownBenchmark[] {
  const folder = path.join(packageRoot, 'models', 'benchmarks');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return files
    .sort()
    .map((name) => knownBenchmarkSchema.parse(JSON.parse(readFileSync(path.join(folder, name), 'utf8'))));
}

/** Where a benchmark's fetched files lie: in ISHEEP_BENCHMARKS_DIR, or the user's cache folder. */
export function benchmarkFolder(name: string): string {
  const chosen = process.env.ISHEEP_BENCHMARKS_DIR;
  return path.join(chosen ? path.resolve(chosen) : path.join(cacheFolder(), 'benchmarks'), name);
}

/** As the files that `fetch` brings to benchmarkFolder. */
export function filesOf({ name, files }: KnownBenchmark): KnownFile[] {
  return files.map(({ role, file, bytes, sha256, url }) => ({
    name: `${name} (${role})`,
    file,
    bytes,
    sha256,
    sources: [{ kind: 'url', url }],
  }));
}

/** The fetched files of a benchmark by role, where they are whole. */
export function fetchedFiles(name: string): Record<string, string> {
  const known = knownBenchmarks().find((one) => one.name === name);
  const here = (known?.files ?? []).flatMap(({ role, file, bytes }) => {
    const at = path.join(benchmarkFolder(name), file);
    return statSync(at, { throwIfNoEntry: false })?.size === bytes ? [[role, at]] : [];
  });
  return Object.fromEntries(here) as Record<string, string>;
}
