// Stage select in a run: the dataset of the iteration, in training order. One chunk.
import { IsheepError } from '../../shared/errors.js';
import { select } from '../../stages/select/select.js';
import { assessments, passedPairs, selectRows, type SelectResult } from '../stored-rows.js';
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
    const selection = select(pairs, assessments(store, iteration), config.select);
    const { dataset, rule, notKept } = selection;
    if (dataset.length === 0) {
      throw new IsheepError(
        'nothing-usable',
        `none of the ${pairs.length} pairs of iteration ${iteration} was kept (${rule}): ${countsInWords(notKept)}`,
        {
          hint: 'look at them with `isheep show verdicts`; another --select-threshold or --select-share needs a new run',
        },
      );
    }
    store.commitChunk({ iteration, stage: 'select', chunk: 0, seconds: 0, info: {}, rows: selectRows(selection) });
    const result: SelectResult = { rule, notKept };
    return Promise.resolve({ result, note: `${dataset.length} of ${pairs.length} pairs kept: ${rule}` });
  },
};
