// A response that copies its task: fewer than a quarter of its different word triples are new. All likelihood scores love
// copies, so they must go before. A response under three words has no triple and is not judged.
import type { Filter } from '../filter.js';
import { wordRuns, words } from '../../../shared/words.js';

const smallestShareOfNew = 0.25;

/** Share of the response's different word triples that the task does not have; 1 where it has no triple. */
export function newTriples(task: string, response: string): number {
  const ours = wordRuns(words(response), 3);
  if (ours.size === 0) return 1;
  const theirs = wordRuns(words(task), 3);
  let fresh = 0;
  for (const triple of ours) if (!theirs.has(triple)) fresh++;
  return fresh / ours.size;
}

export const copiedResponse: Filter = {
  name: 'copied-response',
  appliesTo: 'pair',
  check: ({ instruction, input, response }) =>
    newTriples(`${instruction}\n${input}`, response) < smallestShareOfNew ? 'copied-response' : undefined,
};
