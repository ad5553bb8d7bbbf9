// Text that is in an evaluation file too: trained on, it would make the benchmark measure memory. A candidate is judged by
// its task, before a response is paid for; a pair by task and response. What counts as shared: ../evaluation-index.ts.
import type { EvaluationIndex } from '../evaluation-index.js';
import type { Filter } from '../filter.js';

export function createContamination(evaluation: EvaluationIndex | undefined): Filter {
  return {
    name: 'contamination',
    appliesTo: 'both',
    check: (row) => (evaluation?.sharesRow(row) === true ? 'contaminated' : undefined),
  };
}
