// Which families can be asked for at the same time.
import type { ConstraintFamily } from './family.js';

export function canCombine(a: ConstraintFamily, b: ConstraintFamily): boolean {
  return a.group !== b.group && !a.conflicts.includes(b.name) && !b.conflicts.includes(a.name);
}

/** How many of the families can be asked for at once at most, as far as `enough`. */
export function mostCombined(families: readonly ConstraintFamily[], enough: number): number {
  if (enough === 0) return 0;
  let most = 0;
  for (const [i, family] of families.entries()) {
    const others = families.slice(i + 1).filter((other) => canCombine(family, other));
    most = Math.max(most, 1 + mostCombined(others, enough - 1));
    if (most === enough) break;
  }
  return most;
}
