// Clusters of vectors: against another implementation from the same first centres, and what k-means++ promises.
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { kMeans } from '../../src/engine/k-means.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { randomStream } from '../../src/shared/random.js';

interface Case {
  name: string;
  dimensions: number;
  points: number[];
  centres: number[];
  labels: number[];
  inertia: number;
  iterations: number;
}

const oracle = new URL('./oracles/k-means.json', import.meta.url);
const cases = JSON.parse(readFileSync(oracle, 'utf8')) as Case[];

test.each(cases)('$name: the clusters of scripts/oracles/k-means.py', async (one) => {
  const { dimensions } = one;
  const [points, centres] = [Float32Array.from(one.points), Float32Array.from(one.centres)];
  const found = await loadAddon().kMeans({ points, centres, dimensions, maxIterations: 300, threads: 1 });
  expect([...found.labels]).toEqual(one.labels);
  expect(found.inertia).toBeCloseTo(one.inertia, 2);
  expect(found).toMatchObject({ converged: true, iterations: one.iterations });
});

/** `n` vectors about each of some places that are far from each other. */
function groups(places: number, n: number, dimensions = 20): Float32Array[] {
  const random = randomStream(5);
  return Array.from({ length: places * n }, (_, i) =>
    Float32Array.from({ length: dimensions }, (_, d) => (d === i % places ? 10 : 0) + random()),
  );
}

describe('k-means from k-means++ seeds', () => {
  test('finds groups that are apart', async () => {
    const { labels, clusters, converged } = await kMeans(groups(6, 40), { clusters: 6, seed: 1, threads: 1 });
    expect([clusters, converged, new Set(labels.slice(0, 6)).size]).toEqual([6, true, 6]);
    expect(labels.every((label, i) => label === labels[i % 6])).toBe(true);
  });

  test('depends on the seed and not on the threads', async () => {
    const vectors = groups(3, 300, 7);
    const one = await kMeans(vectors, { clusters: 25, seed: 1, threads: 1 });
    expect(await kMeans(vectors, { clusters: 25, seed: 1, threads: 3 })).toEqual(one);
    expect((await kMeans(vectors, { clusters: 25, seed: 2, threads: 1 })).labels).not.toEqual(one.labels);
  });

  test('gives every cluster a point, and every point its nearest centre', async () => {
    const vectors = groups(4, 100, 5);
    const { labels, clusters, inertia } = await kMeans(vectors, { clusters: 130, seed: 3, threads: 2 });
    expect([clusters, new Set(labels).size]).toEqual([130, 130]);
    const means = Array.from({ length: clusters }, (_, c) => meanOf(vectors.filter((_, i) => labels[i] === c)));
    const squares = vectors.map((vector) => means.map((mean) => squaredDistance(vector, mean)));
    expect(squares.map((row) => row.indexOf(Math.min(...row)))).toEqual(labels);
    const own = squares.map((row, i) => row[labels[i] ?? 0] ?? NaN);
    expect(inertia).toBeCloseTo(
      own.reduce((sum, value) => sum + value, 0),
      3,
    );
  });

  test('makes as many clusters as vectors differ', async () => {
    const vectors = [1, 2, 1, 2, 3, 1].map((value) => Float32Array.of(value, 0));
    const { labels, clusters, inertia } = await kMeans(vectors, { clusters: 5, seed: 1, threads: 1 });
    expect([clusters, inertia, labels[0], labels[1]]).toEqual([3, 0, labels[2], labels[3]]);
    expect(await kMeans(vectors.slice(0, 1), { clusters: 1, seed: 1 })).toMatchObject({ labels: [0], clusters: 1 });
  });

  test('says where it ended before the end', async () => {
    const result = await kMeans(groups(4, 100, 5), { clusters: 30, seed: 3, maxIterations: 1, threads: 1 });
    expect(result).toMatchObject({ converged: false, iterations: 1 });
  });
});

function meanOf(vectors: readonly Float32Array[]): number[] {
  return Array.from(
    vectors[0] ?? [],
    (_, d) => vectors.reduce((sum, vector) => sum + (vector[d] ?? 0), 0) / vectors.length,
  );
}

function squaredDistance(a: ArrayLike<number>, b: readonly number[]): number {
  return b.reduce((sum, value, d) => sum + ((a[d] ?? NaN) - value) ** 2, 0);
}
