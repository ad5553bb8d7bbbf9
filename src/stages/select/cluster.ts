// Clusters of the measured pairs' tasks: which of them are alike, so that one can stand for all.
import { kMeans } from '../../engine/k-means.js';
import { deriveSeed } from '../../shared/random.js';
import type { Measurement } from '../../shared/rows.js';
import { vectorFromText } from '../../shared/vector-text.js';

export interface ClusterInput {
  measurements: readonly Measurement[];
  /** Asked for. */
  clusters: number;
  /** The run's seed. */
  seed: number;
  iteration: number;
  threads: number;
}

export interface Clusters {
  /** The cluster of each pair that has a vector. */
  byId: ReadonlyMap<string, number>;
  /** How many there are. */
  count: number;
  /** How many were made for want of pairs, where that is fewer than asked for. */
  reducedTo?: number;
}

/** With no more pairs than clusters each would be one by itself and nothing would be chosen, so half as many clusters as
 *  pairs are made then, as the paper's released code does. */
export async function clusterPairs(input: ClusterInput): Promise<Clusters> {
  const { measurements, clusters, seed, iteration, threads } = input;
  const placed = measurements.flatMap((one) =>
    'vector' in one ? [{ id: one.id, vector: vectorFromText(one.vector) }] : [],
  );
  if (placed.length === 0) return { byId: new Map(), count: 0 };
  const isReduced = placed.length <= clusters;
  const asked = isReduced ? Math.max(1, Math.floor(placed.length / 2)) : clusters;
  const { labels, clusters: count } = await kMeans(
    placed.map(({ vector }) => vector),
    { clusters: asked, seed: deriveSeed(seed, 'select', iteration, 'clusters'), threads },
  );
  const byId = new Map(placed.map(({ id }, i) => [id, labels[i] as number]));
  return { byId, count, ...(isReduced && { reducedTo: asked }) };
}
