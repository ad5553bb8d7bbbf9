// Stage select in a run: the dataset of the iteration, in training order. By assessment it is one chunk; where pairs are
// measured instead, the model that wrote them does that first, chunk by chunk.
import { IsheepError } from '../../shared/errors.js';
import type { Assessment, Measurement, Pair } from '../../shared/rows.js';
import { accumulate, type EarlierDataset } from '../../stages/select/accumulate.js';
import { selectMeasured } from '../../stages/select/by-measurement.js';
import { endsOfCircle } from '../../stages/select/circles.js';
import { type Clusters, clusterPairs } from '../../stages/select/cluster.js';
import { inPart } from '../../stages/select/hindsight.js';
import { madeOf } from '../../stages/select/made-of.js';
import { measure, needsVectors } from '../../stages/select/measure.js';
import { select, type Selection } from '../../stages/select/select.js';
import { callOptions, modelOf, type RunContext, type RunData } from '../run-context.js';
import {
  assessments,
  filteredPairs,
  measurements,
  ownDataset,
  measureRows,
  passedPairs,
  selectRows,
  type SelectResult,
} from '../stored-rows.js';
import { commitChunks, countsInWords, type StageWork } from './stage-work.js';

export const selectStage: StageWork = {
  stage: 'select',
  unit: 'pairs',

  size(run, iteration) {
    const total = passedPairs(run.store, iteration).length;
    return { total, done: run.store.countRows(iteration, 'select', 'measurement') };
  },

  async work(run, iteration) {
    const { config, store } = run;
    const pairs = passedPairs(store, iteration);
    const isMeasured = config.select.by !== 'assessment';
    if (isMeasured) await measureAll(run, iteration);
    const clusters = needsVectors(config.select.by) ? await clustersOf(run, iteration) : undefined;
    const selection = isMeasured
      ? selectMeasured(
          { pairs, measurements: measurements(store, iteration), clusters, seed: config.seed, iteration },
          config.select,
        )
      : select(pairs, assessments(store, iteration), config.select);
    const newest = selection.dataset.map((pair) => inPart(pair, config.constraints, config.seed, iteration));
    if (newest.length === 0) throw nothingKept(run, iteration, pairs.length, selection);
    const chunk = measureChunks(run, iteration);
    const { accumulate: weight, atMost } = config.select;
    const { dataset: kept, added } = accumulate(newest, earlierDatasets(run, iteration), { weight, atMost });
    const { made, ends, contaminated } = pairsBeside(run, iteration, newest);
    const dataset = [...kept, ...made, ...ends];
    const rows = selectRows(dataset, clusters);
    store.commitChunk({ iteration, stage: 'select', chunk, seconds: 0, info: {}, rows });
    const { rule, notKept } = selection;
    const result: SelectResult = {
      rule,
      notKept: { ...notKept, ...(contaminated > 0 && { contaminated }) },
      ...(weight > 0 && { added }),
      ...besides(run, made.length, ends.length),
    };
    const more = added > 0 ? `; ${added} of earlier iterations added` : '';
    const hindsight = made.length > 0 ? `; ${made.length} made of them in hindsight` : '';
    const circles =
      ends.length > 0
        ? `; ${ends.length} ${ends.length === 1 ? 'end' : 'ends'} of responses that went round in circles`
        : '';
    return { result, note: `${newest.length} of ${pairs.length} pairs kept: ${rule}${more}${hindsight}${circles}` };
  },
};

/** What is trained on beside the kept pairs: no filter has seen it, made of them or cut from responses that were rejected for
 *  something else, so it is compared with the evaluation files here. */
function pairsBeside({ config, store, evaluation }: RunContext, iteration: number, kept: readonly Pair[]) {
  const isClean = (pair: Pair) => evaluation?.index.sharesRow(pair) !== true;
  const made = kept.flatMap((pair) => madeOf(pair, config, iteration));
  const ends = filteredPairs(store, iteration).flatMap((pair) => endsOfCircle(pair, config.select.circles));
  const clean = { made: made.filter(isClean), ends: ends.filter(isClean) };
  return { ...clean, contaminated: made.length + ends.length - clean.made.length - clean.ends.length };
}

/** How many pairs there are beside the kept ones; absent where none are asked for. */
function besides({ config }: RunData, hindsight: number, circles: number): Pick<SelectResult, 'hindsight' | 'circles'> {
  return {
    ...(config.constraints.hindsight + config.select.questions > 0 && { hindsight }),
    ...(config.select.circles > 0 && { circles }),
  };
}

/** The newest first; none where they are not used. */
function earlierDatasets({ config, store }: RunData, iteration: number): EarlierDataset[] {
  if (config.select.accumulate === 0) return [];
  const earlier = Array.from({ length: iteration - 1 }, (_, i) => iteration - 1 - i);
  return earlier.map((one) => ({ iteration: one, pairs: ownDataset(store, one) }));
}

/** How many chunks of measurements there are in all; the selection is the one behind them. */
function measureChunks({ config, store }: RunData, iteration: number): number {
  if (config.select.by === 'assessment') return 0;
  return Math.ceil(passedPairs(store, iteration).length / config.select.chunk);
}

async function measureAll(run: RunContext, iteration: number): Promise<void> {
  const { config, store } = run;
  const firstChunk = store.chunkInfos(iteration, 'select').length;
  if (firstChunk >= measureChunks(run, iteration)) return;
  let { done } = selectStage.size(run, iteration);
  let cut = 0;
  const progress = (more: number) =>
    run.report({ kind: 'stage-progress', iteration, stage: 'select', done: done + more, tokens: 0 });
  const chunks = measure(
    { pairs: passedPairs(store, iteration), settings: config.select, firstChunk, ...callOptions(run, progress) },
    await modelOf(run, iteration),
  );
  await commitChunks(run, iteration, selectStage, chunks, (chunk) => {
    done += chunk.measurements.length;
    cut += chunk.cut;
    progress(0);
    return { info: {}, rows: measureRows(chunk), done };
  });
  if (cut > 0) warn(run, `${cut} instructions are longer than the model's context; their beginnings were clustered`);
}

async function clustersOf(run: RunContext, iteration: number): Promise<Clusters> {
  const { seed, select: settings } = run.config;
  const measured = measurements(run.store, iteration);
  const threads = Number(run.record.choices.threads ?? 0);
  const clusters = await clusterPairs({
    measurements: measured,
    clusters: settings.clusters,
    seed,
    iteration,
    threads,
  });
  if (clusters.reducedTo !== undefined) {
    warn(
      run,
      `${clusters.byId.size} pairs are no more than select.clusters ${settings.clusters}: ${clusters.reducedTo} clusters are made`,
    );
  }
  return clusters;
}

function warn(run: RunContext, message: string): void {
  run.report({ kind: 'warning', message });
}

function nothingKept(run: RunContext, iteration: number, pairs: number, { rule, notKept }: Selection): IsheepError {
  const { by } = run.config.select;
  const advice =
    by === 'assessment'
      ? `${highestGrades(assessments(run.store, iteration))}look at them with \`isheep show verdicts\`; another ` +
        '--select-threshold, --select-share or --select-grades needs a new run'
      : `${lowestPerplexity(measurements(run.store, iteration))}look at them with \`isheep show verdicts\`; another ` +
        '--select-max-perplexity or --select-by needs a new run';
  return new IsheepError(
    'nothing-usable',
    `none of the ${pairs} pairs of iteration ${iteration} was kept (${rule}): ${countsInWords(notKept)}`,
    { hint: advice },
  );
}

/** "the highest grades were …; ", so that a threshold can be chosen; "" where there are none. */
function highestGrades(judged: readonly Assessment[]): string {
  const graded = judged.flatMap((one) => ('quality' in one && one.quality !== null ? [one] : []));
  if (graded.length === 0) return '';
  const highest = (of: (one: (typeof graded)[number]) => number) => Math.max(...graded.map(of)).toFixed(1);
  return `the highest grades were ${highest((one) => one.quality)} for quality and ${highest((one) => one.following)} for following; `;
}

/** The same for a limit on perplexity: the lowest one at which a pair would have been kept. */
function lowestPerplexity(measured: readonly Measurement[]): string {
  const larger = measured.flatMap((one) =>
    'perplexity' in one ? [Math.max(one.perplexity.response, one.perplexity.pair)] : [],
  );
  return larger.length === 0 ? '' : `the least surprising pair has a perplexity of ${Math.min(...larger).toFixed(1)}; `;
}
