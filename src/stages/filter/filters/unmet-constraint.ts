// A response that does not do what its instruction verifiably asks for. Applies whatever the rules are: only verified pairs are
// trained on. Has nothing to say about rows without constraints.
import { unmetConstraints } from '../../../shared/constraints/check.js';
import type { Filter } from '../filter.js';

export const unmetConstraint: Filter = {
  name: 'unmet-constraint',
  appliesTo: 'pair',
  concerns: ({ constraints }) => constraints.length > 0,
  check: ({ response, constraints }) =>
    unmetConstraints(response, constraints).length > 0 ? 'unmet-constraint' : undefined,
};
