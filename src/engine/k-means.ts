// Clusters of vectors by k-means: Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii 2007), to the end or a
// maximum. The same vectors and seed give the same clusters, however many threads there are.
import { loadAddon } from '../native/load-addon.js';
import { fromNative } from '../shared/errors.js';
import { randomStream } from '../shared/random.js';
import { threadCount } from './thread-count.js';

export interface KMeansOptions {
  /** At most as many as there are vectors. */
  clusters: number;
  /** Of the seeds. */
  seed: number;
  maxIterations?: number;
  /** 0 (the default): as many as the machine has cores. */
  threads?: number;
}

export interface Clustering {
  /** The cluster of each vector, from 0. */
  labels: readonly number[];
  /** Fewer than asked for where fewer vectors differ. */
  clusters: number;
  iterations: number;
  /** No vector changed its cluster any more. */
  converged: boolean;
  /** Sum of squared distances of the vectors from the means of their clusters. */
  inertia: number;
}

/** scikit-learn's. */
const defaultMaxIterations = 300;

export async function kMeans(vectors: readonly Float32Array[], options: KMeansOptions): Promise<Clustering> {
  const { clusters, seed, maxIterations = defaultMaxIterations, threads = 0 } = options;
  if (!(maxIterations >= 1)) throw new Error(`${maxIterations} iterations of k-means`);
  const dimensions = checkedDimensions(vectors, clusters);
  const points = new Float32Array(vectors.length * dimensions);
  for (const [i, vector] of vectors.entries()) points.set(vector, i * dimensions);
  const random = randomStream(seed);
  const draws = Float64Array.from({ length: clusters }, random);
  try {
    const { labels, centres, iterations, converged, inertia } = await loadAddon().kMeans({
      ...{ points, dimensions, draws, maxIterations },
      threads: threadCount(threads),
    });
    return { labels: [...labels], clusters: centres.length / dimensions, iterations, converged, inertia };
  } catch (error) {
    throw fromNative(error);
  }
}

/** Callers have made sure of all this: anything else is a mistake of ours. */
function checkedDimensions(vectors: readonly Float32Array[], clusters: number): number {
  const dimensions = vectors[0]?.length ?? 0;
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > vectors.length) {
    throw new Error(`${clusters} clusters of ${vectors.length} vectors`);
  }
  if (dimensions === 0 || vectors.some((vector) => vector.length !== dimensions || !vector.every(Number.isFinite))) {
    throw new Error('vectors must be of one length and hold finite numbers');
  }
  return dimensions;
}
