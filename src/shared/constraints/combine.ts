// Which families can be asked for at the same time.
import type { ConstraintFamily } from './family.js';

export function canCombine(a: ConstraintFamily, b: ConstraintFamily): boolean {
  return a.group !== b.group && !a.conflicts.includes(b.name) && !b.conflicts.includes(a.name);
}
