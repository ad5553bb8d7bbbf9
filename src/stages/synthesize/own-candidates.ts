// A person's own instructions as candidates. They pass the filters as what the model writes does, but for novelty: a person
// may ask for what a seed asks for, and for the same of two texts.
import type { Candidate, Verdict } from '../../shared/rows.js';
import { isKept } from '../../shared/verdicts.js';
import type { OwnInstruction } from './load-own.js';
import type { CandidateScreen } from './synthesize.js';

export interface OwnInput {
  instructions: readonly OwnInstruction[];
  /** Without novelty. */
  screen: Pick<CandidateScreen, 'judge'>;
}

/** Of every candidate after the last one that is wanted. */
export const afterTarget: Verdict = { filter: 'target', rejected: true, reason: 'target-reached' };

const repeated: Verdict = { filter: 'own', rejected: true, reason: 'repeated-in-file' };

/** All of them, in file order, with ids c-<iteration>-<number>; those after the first `target` kept are rejected as such. */
export function ownCandidates({ instructions, screen }: OwnInput, iteration: number, target: number): Candidate[] {
  const seen = new Set<string>();
  let kept = 0;
  return instructions.map(({ instruction, input, own }, i) => {
    const task = JSON.stringify([instruction, input]);
    const judge = () => (kept < target ? screen.judge({ instruction, input }) : [afterTarget]);
    const verdicts = seen.has(task) ? [repeated] : judge();
    seen.add(task);
    if (isKept({ verdicts })) kept += 1;
    return { id: `c-${iteration}-${i + 1}`, instruction, input, verdicts, source: { own } };
  });
}
