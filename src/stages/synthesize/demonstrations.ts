// Which seed tasks a prompt shows. Uniform: any. By density: each from another cluster of the model's own vectors, so that
// no two of a prompt are alike; clusters are drawn by their size. By perplexity: in proportion to 1 / perplexity. (The two
// samplers stand in the released code of arXiv 2408.08072 and are unused there.) A penalty makes seeds rarer that were
// shown more often than others.
import type { Config } from '../../config/schema.js';
import { groupBy } from '../../shared/group-by.js';
import { sampleWithoutReplacement, weightedSample } from '../../shared/random.js';
import type { Candidate, SeedTask } from '../../shared/rows.js';

/** What the model makes of the seeds, by their ids; a seed that could not be measured is missing and is not shown. */
export type SeedMeasures =
  { by: 'density'; cluster: Record<string, number> } | { by: 'perplexity'; perplexity: Record<string, number> };

export type DemonstrationSettings = Pick<Config['synthesize'], 'demonstrations' | 'reusePenalty'>;

/** How often each seed was shown, near copies that its prompts led to included. */
export type SeedUses = ReadonlyMap<string, number>;

/** What uses are counted from. */
export interface Shown {
  requests: readonly { id: string; demonstrations: readonly string[] }[];
  candidates: readonly Candidate[];
}

/** The seeds that a prompt shows, in order: fewer than wanted only where there are no more. */
export function drawDemonstrations(
  seeds: readonly SeedTask[],
  { demonstrations: n, reusePenalty }: DemonstrationSettings,
  measures: SeedMeasures | undefined,
  uses: SeedUses,
  random: () => number,
): SeedTask[] {
  if (measures === undefined && reusePenalty === 0) return sampleWithoutReplacement(seeds, n, random);
  const least = seeds.reduce((fewest, { id }) => Math.min(fewest, uses.get(id) ?? 0), Infinity);
  const weightOf = ({ id }: SeedTask) => {
    const penalty = 1 / (1 + reusePenalty * ((uses.get(id) ?? 0) - least));
    return measures?.by === 'perplexity' ? penalty / (measures.perplexity[id] ?? Infinity) : penalty;
  };
  if (measures?.by !== 'density') return weightedSample(seeds, n, weightOf, random);
  return fromClusters(seeds, measures.cluster, n, weightOf, random);
}

/** One seed of each cluster, clusters in random order by the weight of their seeds; again where there are fewer clusters
 *  than seeds wanted, so that none gives more than ceil(n / clusters) as long as all have so many. */
function fromClusters(
  seeds: readonly SeedTask[],
  cluster: Readonly<Record<string, number>>,
  n: number,
  weightOf: (seed: SeedTask) => number,
  random: () => number,
): SeedTask[] {
  let clusters = [...groupBy(seeds, ({ id }) => cluster[id])]
    .filter(([number]) => number !== undefined)
    .map(([, members]) => members);
  const drawn: SeedTask[] = [];
  while (drawn.length < n && clusters.length > 0) {
    const weightOfCluster = (members: readonly SeedTask[]) =>
      members.reduce((sum, member) => sum + weightOf(member), 0);
    for (const members of weightedSample(clusters, n - drawn.length, weightOfCluster, random)) {
      drawn.push(...weightedSample(members, 1, weightOf, random));
    }
    clusters = clusters
      .map((members) => members.filter((seed) => !drawn.includes(seed)))
      .filter(({ length }) => length);
  }
  return drawn;
}

/** Each prompt counts once for the seeds that it showed, and the share of near copies in its `texts` besides: rejected as
 *  not new. */
export function countUses(chunks: readonly Shown[], texts = 1): Map<string, number> {
  const uses = new Map<string, number>();
  for (const { requests, candidates } of chunks) {
    const ofRequest = groupBy(candidates, ({ source }) => source?.request);
    for (const { id, demonstrations } of requests) {
      const written = ofRequest.get(id) ?? [];
      const copies = written.filter(({ verdicts }) => verdicts.at(-1)?.reason === 'not-new').length;
      addUse(uses, demonstrations, (1 + (copies === 0 ? 0 : copies / written.length)) / texts);
    }
  }
  return uses;
}

export function addUse(uses: Map<string, number>, demonstrations: readonly string[], amount = 1): void {
  for (const id of demonstrations) uses.set(id, (uses.get(id) ?? 0) + amount);
}
