// Stage select in a run: the dataset of the iteration, in training order. One chunk.
import { IsheepError } from '../../shared/errors.js';
import type { Assessment } from '../../shared/rows.js';
import { accumulate, type EarlierDataset } from '../../stages/select/accumulate.js';
import { select } from '../../stages/select/select.js';
import type { RunData } from '../run-context.js';
import { assessments, ownDataset, passedPairs, selectRows, type SelectResult } from '../stored-rows.js';
import { countsInWords, type StageWork } from './stage-work.js';

export const selectStage: StageWork = {
  stage: 'select',
  unit: 'pairs',

  size(run, iteration) {
    return { total: passedPairs(run.store, iteration).length, done: 0 };
  },

  work(run, iteration) {
    const { config, store } = run;
    const pairs = passedPairs(store, iteration);
    const judged = assessments(store, iteration);
    const selection = select(pairs, judged, config.select);
    const { dataset: newest, rule, notKept } = selection;
    if (newest.length === 0) {
      throw new IsheepError(
        'nothing-usable',
        `none of the ${pairs.length} pairs of iteration ${iteration} was kept (${rule}): ${countsInWords(notKept)}`,
        {
          hint:
            `${highestGrades(judged)}look at them with \`isheep show verdicts\`; another --select-threshold, --select-share ` +
            'or --select-grades needs a new run',
        },
      );
    }
    const { accumulate: weight, atMost } = config.select;
    const { dataset, added } = accumulate(newest, earlierDatasets(run, iteration), { weight, atMost });
    store.commitChunk({ iteration, stage: 'select', chunk: 0, seconds: 0, info: {}, rows: selectRows(dataset) });
    const result: SelectResult = { rule, notKept, ...(weight > 0 && { added }) };
    const more = added > 0 ? `; ${added} of earlier iterations added` : '';
    return Promise.resolve({ result, note: `${newest.length} of ${pairs.length} pairs kept: ${rule}${more}` });
  },
};

/** The newest first; none where they are not used. */
function earlierDatasets({ config, store }: RunData, iteration: number): EarlierDataset[] {
  if (config.select.accumulate === 0) return [];
  const earlier = Array.from({ length: iteration - 1 }, (_, i) => iteration - 1 - i);
  return earlier.map((one) => ({ iteration: one, pairs: ownDataset(store, one) }));
}

/** "the highest grades were …; ", so that a threshold can be chosen; "" where there are none. */
function highestGrades(judged: readonly Assessment[]): string {
  const graded = judged.flatMap((one) => ('quality' in one && one.quality !== null ? [one] : []));
  if (graded.length === 0) return '';
  const highest = (of: (one: (typeof graded)[number]) => number) => Math.max(...graded.map(of)).toFixed(1);
  return `the highest grades were ${highest((one) => one.quality)} for quality and ${highest((one) => one.following)} for following; `;
}
