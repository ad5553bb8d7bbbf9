// What happened in a run, counted from the database alone, so that a resumed or finished run tells the same.
import { isFailed } from '../engine/engine.js';
import { unmetConstraints } from '../shared/constraints/check.js';
import { rankCorrelation } from '../shared/rank-statistics.js';
import type { Assessment, Pair } from '../shared/rows.js';
import { isKept } from '../shared/verdicts.js';
import { words } from '../shared/words.js';
import { selfAgreement } from '../stages/assess/agreement.js';
import { bestOf } from '../stages/evaluate/gate/decide.js';
import { diversityAlarms, diversityOf, mostPairs } from './diversity.js';
import type { IterationSummary, RunSummary, StageName } from './events.js';
import { lastIteration, verdictsBefore } from './rollback.js';
import { adapterPath, instructionsBy, mergedPath, type RunData } from './run-context.js';
import { chosenMethod, failedAssessments } from './stages/assess.js';
import { rejectedBy } from './stages/filter.js';
import { isIterationFinished, stagesOf } from './stages/index.js';
import { countBy } from './stages/stage-work.js';
import {
  assessments,
  filteredPairs,
  ownDataset,
  passedPairs,
  respondCompletions,
  respondTokens,
  stageResult,
  synthesizeChunks,
  trainingSteps,
} from './stored-rows.js';

/** The iterations that are finished, and which of them is best. */
export function summarizeRun(run: RunData): RunSummary {
  const iterations: IterationSummary[] = [];
  for (let iteration = 1; iteration <= lastIteration(run); iteration++) {
    if (isIterationFinished(run, iteration)) iterations.push(summarizeIteration(run, iteration));
  }
  return {
    runDir: run.runDir,
    model: run.config.model,
    iterations,
    best: bestIteration(run),
    isEndedByGate: lastIteration(run) < run.config.iterations,
    seconds: iterations.reduce((sum, { seconds }) => sum + Object.values(seconds).reduce((a, b) => a + b, 0), 0),
  };
}

export function summarizeIteration(run: RunData, iteration: number): IterationSummary {
  const { config, store } = run;
  const model = store.iterationModel(iteration) as IterationSummary['model'];
  return {
    iteration,
    model,
    ...instructionsBy(config, model),
    synthesize: summarizeSynthesize(run, iteration),
    respond: summarizeRespond(run, iteration),
    filter: summarizeFilter(filteredPairs(store, iteration)),
    assess: summarizeAssess(run, iteration),
    select: summarizeSelect(run, iteration),
    diversity: summarizeDiversity(run, iteration),
    train: summarizeTrain(run, iteration),
    evaluate: summarizeEvaluate(run, iteration),
    ...summarizeGate(run, iteration),
    ...summarizeMerge(run, iteration),
    seconds: secondsByStage(run, iteration),
  };
}

/** The iteration that the gate found best; without a verdict of one, that whose adapter lowers the loss most, on the seeds' own pairs where there are any: the one set that all
 *  iterations share. Held-out pairs differ from iteration to iteration, so there the relative change decides. */
export function bestIteration(run: RunData): number | null {
  const verdicts = verdictsBefore(run.store, run.config.iterations + 1);
  if (verdicts.length > 0) return bestOf(verdicts);
  let best: number | null = null;
  let lowest = 1;
  for (let iteration = 1; iteration <= run.config.iterations; iteration++) {
    const result = stageResult(run.store, iteration, 'evaluate');
    const deciding = result?.decidedBy === 'seeds' ? result.seeds : result?.heldOut;
    if (deciding === null || deciding === undefined) continue;
    const relative = deciding.adapter / deciding.base;
    if (relative < lowest) {
      lowest = relative;
      best = iteration;
    }
  }
  return best;
}

function summarizeSynthesize({ store }: RunData, iteration: number): IterationSummary['synthesize'] {
  const chunks = synthesizeChunks(store, iteration);
  const candidates = chunks.flatMap((chunk) => chunk.candidates);
  const rejected = rejectedBy(candidates);
  for (const { unparsed } of chunks) {
    for (const [reason, n] of Object.entries(unparsed)) rejected[reason] = (rejected[reason] ?? 0) + n;
  }
  return {
    requests: chunks.reduce((sum, chunk) => sum + chunk.requests.length, 0),
    parsed: candidates.length,
    kept: candidates.filter(isKept).length,
    rejected,
  };
}

function summarizeRespond({ store }: RunData, iteration: number): IterationSummary['respond'] {
  const pairs = filteredPairs(store, iteration);
  const constraints = summarizeConstraints(pairs);
  return {
    responses: pairs.length,
    tokens: respondTokens(store, iteration),
    stopped: countBy(respondCompletions(store, iteration).map((one) => (isFailed(one) ? 'failed' : one.stop))),
    ...(constraints && { constraints }),
  };
}

function summarizeConstraints(pairs: readonly Pair[]): IterationSummary['respond']['constraints'] {
  const constrained = pairs.filter(({ constraints }) => constraints !== undefined);
  if (constrained.length === 0) return undefined;
  const met = constrained.filter(
    ({ response, constraints = [] }) => unmetConstraints(response, constraints).length === 0,
  );
  const metAtFirst = met.filter(({ source }) => source?.attempts === 1).length;
  return { responses: constrained.length, met: met.length, metAtFirst };
}

function summarizeFilter(pairs: readonly Pair[]): IterationSummary['filter'] {
  return { passed: pairs.filter(isKept).length, rejected: rejectedBy(pairs) };
}

function summarizeAssess(run: RunData, iteration: number): IterationSummary['assess'] {
  const rows = assessments(run.store, iteration);
  const failed = failedAssessments(rows);
  const nFailed = Object.values(failed).reduce((a, b) => a + b, 0);
  const { method = 'none', why = '' } = chosenMethod(run) ?? {};
  const agreement = selfAgreement(rows);
  const lengthCorrelation = correlationWithLength(rows, passedPairs(run.store, iteration));
  return { method, why, assessed: rows.length - nFailed, failed, lengthCorrelation, ...(agreement && { agreement }) };
}

/** Of scores (the rank, or the sum of both grades) and the words of the responses; fewer than ten say nothing. */
function correlationWithLength(rows: readonly Assessment[], pairs: readonly Pair[]): number | null {
  const lengths = new Map(pairs.map(({ id, response }) => [id, words(response).length]));
  const judged = rows.flatMap((row) => ('reason' in row ? [] : [row]));
  if (judged.length < 10) return null;
  const scores = judged.map((row) => (row.method === 'likelihood' ? row.rank : row.quality + row.following));
  return rankCorrelation(
    scores,
    judged.map(({ id }) => lengths.get(id) ?? 0),
  );
}

function summarizeSelect({ store }: RunData, iteration: number): IterationSummary['select'] {
  const result = stageResult(store, iteration, 'select');
  return { kept: ownDataset(store, iteration).length, ...(result ?? { rule: '', notKept: {} }) };
}

function summarizeDiversity({ store }: RunData, iteration: number): IterationSummary['diversity'] {
  const now = ownDataset(store, iteration);
  if (iteration === 1) return { ...diversityOf(now), alarms: [] };
  const first = ownDataset(store, 1);
  const equally = Math.min(first.length, now.length, mostPairs);
  return { ...diversityOf(now), alarms: diversityAlarms(diversityOf(now, equally), diversityOf(first, equally)) };
}

function summarizeTrain({ store, runDir }: RunData, iteration: number): IterationSummary['train'] {
  const result = stageResult(store, iteration, 'train');
  if (result === undefined) throw new Error(`iteration ${iteration} has not trained yet`);
  const steps = trainingSteps(store, iteration);
  const { tooLong, cut, cutTokens, plannedSteps, adapterStep, tokens, lossTokens } = result.summary;
  return {
    pairs: result.pairs,
    heldOut: result.heldOut,
    tooLong,
    cut,
    cutTokens,
    steps: result.summary.steps,
    plannedSteps,
    adapterStep,
    tokens,
    lossTokens,
    firstLoss: steps[0]?.loss ?? NaN,
    lastLoss: steps.at(-1)?.loss ?? NaN,
    adapter: adapterPath(runDir, iteration),
    adapterSha256: result.adapterSha256,
  };
}

function summarizeEvaluate({ store }: RunData, iteration: number): IterationSummary['evaluate'] {
  const { seeds = null, heldOut = null } = stageResult(store, iteration, 'evaluate') ?? {};
  return {
    heldOutLossBase: heldOut?.base ?? null,
    heldOutLossAdapter: heldOut?.adapter ?? null,
    ...(seeds === null ? {} : { seedPairs: seeds.pairs, seedLossBase: seeds.base, seedLossAdapter: seeds.adapter }),
  };
}

function summarizeGate({ store }: RunData, iteration: number): Pick<IterationSummary, 'gate'> {
  const gate = stageResult(store, iteration, 'gate');
  return gate === undefined ? {} : { gate };
}

/** With merge.when last and more iterations since, another one is merged, and this file is no longer looked after. */
function summarizeMerge(run: RunData, iteration: number): Pick<IterationSummary, 'merge'> {
  const { store, runDir } = run;
  const isWanted = stagesOf(run, iteration).some(({ stage }) => stage === 'merge');
  const result = isWanted ? stageResult(store, iteration, 'merge') : undefined;
  return result === undefined ? {} : { merge: { model: mergedPath(runDir, iteration), ...result } };
}

function secondsByStage(run: RunData, iteration: number): IterationSummary['seconds'] {
  const seconds = (stage: StageName) => run.store.finishedStage(iteration, stage)?.seconds ?? 0;
  return Object.fromEntries(stagesOf(run, iteration).map(({ stage }) => [stage, seconds(stage)]));
}
