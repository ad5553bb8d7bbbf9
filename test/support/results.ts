// Results of the engine of which a test expects that all are there.
import { type Generated, isFailed, type Scored, type ScoreResult } from '../../src/engine/engine.js';
import type { Completion } from '../../src/shared/rows.js';

export function completed(results: readonly Generated[]): Completion[] {
  return results.map((result) => {
    if (isFailed(result)) throw new Error(`request ${result.id} failed: ${result.error.message}`);
    return result;
  });
}

export function scored(results: readonly Scored[]): ScoreResult[] {
  return results.map((result) => {
    if (isFailed(result)) throw new Error(`request ${result.id} failed: ${result.error.message}`);
    return result;
  });
}
