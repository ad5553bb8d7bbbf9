// Stage filter in a run: the rules for pairs, on every response. Pure and quick, so it is one chunk.
import { IsheepError } from '../../shared/errors.js';
import { isKept } from '../../shared/verdicts.js';
import { applyScreen } from '../../stages/filter/screen.js';
import { pairScreen } from '../screens.js';
import { filterRows, respondPairs } from '../stored-rows.js';
import { countBy, countsInWords, type StageWork } from './stage-work.js';
import type { Verdict } from '../../shared/rows.js';

export const filterStage: StageWork = {
  stage: 'filter',
  unit: 'responses',

  size(run, iteration) {
    return { total: run.store.countRows(iteration, 'respond', 'pair'), done: 0 };
  },

  work(run, iteration) {
    const { store } = run;
    const judged = applyScreen(respondPairs(store, iteration), pairScreen(run));
    store.commitChunk({ iteration, stage: 'filter', chunk: 0, seconds: 0, info: {}, rows: filterRows(judged) });
    const passed = judged.filter(isKept).length;
    if (passed === 0) throw nothingPassed(iteration, judged.length, rejectedBy(judged));
    return Promise.resolve({ result: {}, note: `${passed} of ${judged.length} responses passed` });
  },
};

/** How many rows each filter rejected. */
export function rejectedBy(rows: readonly { verdicts?: readonly Verdict[] }[]): Record<string, number> {
  return countBy(
    rows.flatMap((row) => (row.verdicts ?? []).filter((v) => v.rejected).map((v) => v.reason ?? v.filter)),
  );
}

function nothingPassed(iteration: number, n: number, rejected: Record<string, number>): IsheepError {
  return new IsheepError(
    'nothing-usable',
    `the filters rejected all ${n} responses of iteration ${iteration}: ${countsInWords(rejected)}`,
    { hint: 'look at them with `isheep show verdicts`; fewer rules (--filter-rules) or other sampling need a new run' },
  );
}
