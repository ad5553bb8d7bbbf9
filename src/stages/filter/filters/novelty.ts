// An instruction that is too close to a known one, by ROUGE-L: the seeds, `--against`, and the rows kept so far.
import type { Filter } from '../filter.js';
import { NoveltyIndex } from '../novelty-index.js';

/** Rejects above `limit`, as the paper above 0.7. */
export function createNovelty(limit: number, against: readonly { instruction: string }[]): Filter {
  const index = new NoveltyIndex();
  for (const row of against) index.add(row.instruction);
  return {
    name: 'novelty',
    appliesTo: 'candidate',
    check: ({ instruction }) => (index.mostSimilar(instruction, limit) === undefined ? undefined : 'not-new'),
    remember: ({ instruction }) => {
      index.add(instruction);
    },
  };
}
