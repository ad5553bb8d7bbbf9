// Clusters of a few hundred vectors: k-means with k-means++ seeding (Arthur and Vassilvitskii 2007).
import { randomStream } from '../../shared/random.js';

const mostRounds = 100;

/** The cluster of each vector, 0 to k - 1; at most as many as there are different vectors. */
export function clusterVectors(vectors: readonly Float32Array[], k: number, seed: number): number[] {
  const centres = firstCentres(vectors, k, randomStream(seed));
  let labels: number[] = [];
  for (let round = 0; round < mostRounds; round++) {
    const next = vectors.map((vector) => nearest(vector, centres).index);
    if (next.every((label, i) => label === labels[i])) break;
    labels = next;
    for (const [i, centre] of centres.entries()) {
      const members = vectors.filter((_, j) => labels[j] === i);
      if (members.length > 0) centre.set(mean(members));
    }
  }
  return labels;
}

/** Each next one is drawn in proportion to its squared distance to the nearest one so far. */
function firstCentres(vectors: readonly Float32Array[], k: number, random: () => number): Float32Array[] {
  const centres = vectors.length === 0 ? [] : [copyOf(vectors, Math.floor(random() * vectors.length))];
  while (centres.length < k) {
    const distances = vectors.map((vector) => nearest(vector, centres).distance);
    const total = distances.reduce((sum, distance) => sum + distance, 0);
    if (total === 0) break;
    let left = random() * total;
    const index = distances.findIndex((distance) => (left -= distance) < 0);
    centres.push(copyOf(vectors, index === -1 ? distances.lastIndexOf(Math.max(...distances)) : index));
  }
  return centres;
}

function copyOf(vectors: readonly Float32Array[], index: number): Float32Array {
  return Float32Array.from(vectors[index] as Float32Array);
}

function nearest(vector: Float32Array, centres: readonly Float32Array[]): { index: number; distance: number } {
  const best = { index: 0, distance: Infinity };
  for (const [index, centre] of centres.entries()) {
    const distance = vector.reduce((sum, value, i) => sum + (value - (centre[i] as number)) ** 2, 0);
    if (distance < best.distance) Object.assign(best, { index, distance });
  }
  return best;
}

function mean(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (const [i, value] of vector.entries()) sum[i] = (sum[i] as number) + value;
  return sum.map((value) => value / vectors.length);
}
