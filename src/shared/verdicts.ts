// Reading verdicts: whether a row was kept, and why rows were not.
import type { Verdict } from './rows.js';

/** True where no filter rejected the row; a row that no filter saw is kept. */
export function isKept(row: { verdicts?: readonly Verdict[] }): boolean {
  return !(row.verdicts ?? []).some((verdict) => verdict.rejected);
}

/** How many rows were rejected for each reason, most frequent first, equals by name. */
export function countRejections(rows: Iterable<{ verdicts?: readonly Verdict[] }>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const rejection = row.verdicts?.find((verdict) => verdict.rejected);
    if (rejection) addCount(counts, rejection.reason ?? rejection.filter);
  }
  return sortCounts(counts);
}

/** Adds `n` to the reason's count; nothing for 0. */
export function addCount(counts: Record<string, number>, reason: string, n = 1): void {
  if (n > 0) counts[reason] = (counts[reason] ?? 0) + n;
}

/** Most frequent first, equals by name. */
export function sortCounts(counts: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(counts);
  entries.sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
