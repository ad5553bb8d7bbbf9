// Seconds in which vectors are clustered, and how near they are to the means of their clusters; beside scikit-learn, which
// gets the same vectors and draws first centres of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { z } from 'zod';

import { kMeans } from '../engine/k-means.js';
import { threadCount } from '../engine/thread-count.js';
import { IsheepError } from '../shared/errors.js';
import { packageRoot } from '../shared/package-root.js';
import { randomStream } from '../shared/random.js';
import { runJob } from './child.js';
import { type Figure, figure, timed } from './figure.js';
import type { BenchmarkSettings } from './options.js';

/** Places that the vectors lie around, as texts do around what they are about. */
const places = 200;

const measuredSchema = z.object({
  label: z.string(),
  results: z.array(z.object({ clusters: z.number(), seconds: z.number().positive(), inertia: z.number().positive() })),
});
type Peer = z.infer<typeof measuredSchema>;

export async function* benchClusters(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const { vectors: count, width, clusters: numbers, peer, python, threads } = settings;
  const most = Math.max(...numbers);
  if (most > count) {
    throw new IsheepError('bad-config', `--clusters must be at most --vectors ${count}; one of them is ${most}`);
  }
  const vectors = makeVectors(count, width);
  const beside = peer === '' ? undefined : measurePeer(vectors, settings, python);
  for (const [i, clusters] of numbers.entries()) {
    const { seconds, result } = await timed(() => kMeans(vectors, { clusters, seed: 1, threads }));
    const theirs = beside?.results[i];
    const label = `${count} vectors of width ${width} in ${clusters} clusters`;
    const of = (value: number | undefined) => beside && { peer: beside.label, value: value ?? NaN };
    yield figure('clusters', `seconds, ${label}, ${result.iterations} iterations`, seconds, 's', of(theirs?.seconds));
    const metric = `sum of squared distances, ${label}`;
    yield figure('clusters', metric, result.inertia, 'squares', of(theirs?.inertia));
  }
}

/** Of length 1, as vectors of texts are. */
function makeVectors(count: number, width: number): Float32Array[] {
  const random = randomStream(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centres = Array.from({ length: places }, () => Float32Array.from({ length: width }, normal));
  return Array.from({ length: count }, () => {
    const centre = centres[Math.floor(random() * places)] ?? [];
    const vector = Float32Array.from(centre, (value) => 0.7 * value + normal());
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  });
}

function measurePeer(
  vectors: readonly Float32Array[],
  { width, clusters, threads }: BenchmarkSettings,
  python: string,
): Peer {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-bench-'));
  try {
    const file = path.join(folder, 'vectors.f32');
    writeFileSync(file, Buffer.concat(vectors.map((one) => new Uint8Array(one.buffer))));
    const job = { file, width, clusters, threads: threadCount(threads) };
    const run = runJob(job, python, [path.join(packageRoot, 'scripts', 'bench', 'clusters.py')]);
    if (typeof run !== 'string') return measuredSchema.parse(run.measured);
    throw new IsheepError('bad-config', `the peer of clusters cannot be run by ${python}: ${run}`, {
      hint: 'name a Python that has scikit-learn with --python FILE or ISHEEP_PYTHON',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
