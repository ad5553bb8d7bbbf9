// What each stage stores, by stage: the one place that knows the kinds of rows and what chunks and results hold.
import type { Assessment, Candidate, HeldOutStep, Measurement, Pair, TrainingStep, Verdict } from '../shared/rows.js';
import { isKept } from '../shared/verdicts.js';
import type { Generated, TrainerSettings, TrainEvent, TrainSummary } from '../engine/engine.js';
import type { AssessChunk, UnrankedAssessment } from '../stages/assess/assess.js';
import { rankPool } from '../stages/assess/rank.js';
import type { ItemResult, Metric } from '../stages/evaluate/benchmark.js';
import type { GateVerdict } from '../stages/evaluate/gate/decide.js';
import type { Comparison, PairLoss } from '../stages/evaluate/losses.js';
import type { MetricComparison } from '../stages/evaluate/metrics.js';
import type { RespondChunk } from '../stages/respond/respond.js';
import type { Clusters } from '../stages/select/cluster.js';
import type { MeasureChunk } from '../stages/select/measure.js';
import type { SynthesizeChunk, SynthesizeRequest } from '../stages/synthesize/synthesize.js';
import type { MergeResult } from './merging.js';
import type { RunStore, StoredRow } from '../store/run-store.js';

export interface SelectResult {
  rule: string;
  notKept: Record<string, number>;
  /** Pairs of earlier iterations, where they are trained on again. */
  added?: number;
  /** Pairs made of the kept ones in hindsight, where they are asked for. */
  hindsight?: number;
  /** Ends of responses that went round in circles, where they are asked for. */
  circles?: number;
}

export interface TrainResult {
  pairs: number;
  heldOut: number;
  adapterSha256: string;
  summary: TrainSummary;
}

/** Losses of base and adapter on the same pairs; what evaluation.json holds. */
export interface EvaluateResult {
  iteration: number;
  /** Which of the two decides: the seeds' own responses, or the held-out pairs where no seed has a response. */
  decidedBy: 'seeds' | 'held-out';
  /** Whether the adapter's mean loss is below the base's. */
  better: boolean;
  seeds: (Comparison & { pairs: number }) | null;
  heldOut: (Comparison & { pairs: number }) | null;
}

/** What the gate measured and decided. */
export interface GateResult {
  iteration: number;
  /** Items by part. */
  counts: Record<string, number>;
  /** Parts of the suite that say nothing here, and why. */
  leftOut: Record<string, string>;
  units: Record<string, Metric['unit']>;
  againstBase: Record<string, MetricComparison>;
  /** Null where the base wrote the iteration's data. */
  againstWriter: Record<string, MetricComparison> | null;
  verdict: GateVerdict;
}

/** What finished stages store beside their rows. */
export interface StageResults {
  select: SelectResult;
  train: TrainResult;
  evaluate: EvaluateResult;
  gate: GateResult;
  merge: MergeResult;
}

interface SynthesizeInfo {
  requests: number;
  candidates: number;
  unparsed: Record<string, number>;
}

// ---- synthesize ---------------------------------------------------------------------------------------------------

export function synthesizeRows(chunk: SynthesizeChunk): { info: SynthesizeInfo; rows: StoredRow[] } {
  const { requests, candidates, unparsed } = chunk;
  return {
    info: { requests: requests.length, candidates: candidates.length, unparsed },
    rows: [...toRows('request', requests), ...toRows('candidate', candidates)],
  };
}

export function synthesizeChunks(store: RunStore, iteration: number): SynthesizeChunk[] {
  const infos = store.chunkInfos(iteration, 'synthesize') as SynthesizeInfo[];
  const requests = store.rows<SynthesizeRequest>(iteration, 'synthesize', 'request');
  const candidates = store.rows<Candidate>(iteration, 'synthesize', 'candidate');
  return infos.map((info, index) => ({
    index,
    requests: requests.splice(0, info.requests),
    candidates: candidates.splice(0, info.candidates),
    unparsed: info.unparsed,
  }));
}

/** The first `target` candidates that no filter rejected: a last chunk may hold more than were asked for. */
export function keptCandidates(store: RunStore, iteration: number, target: number): Candidate[] {
  return store.rows<Candidate>(iteration, 'synthesize', 'candidate').filter(isKept).slice(0, target);
}

// ---- respond and filter -------------------------------------------------------------------------------------------

export function respondRows(chunk: RespondChunk): { info: { tokens: number }; rows: StoredRow[] } {
  const { pairs, completions, tokens } = chunk;
  return { info: { tokens }, rows: [...toRows('pair', pairs), ...toRows('completion', completions)] };
}

export function respondTokens(store: RunStore, iteration: number): number {
  return (store.chunkInfos(iteration, 'respond') as { tokens: number }[]).reduce((sum, { tokens }) => sum + tokens, 0);
}

export function respondPairs(store: RunStore, iteration: number): Pair[] {
  return store.rows<Pair>(iteration, 'respond', 'pair');
}

/** What was written; a request that failed says why instead. */
export function respondCompletions(store: RunStore, iteration: number): Generated[] {
  return store.rows<Generated>(iteration, 'respond', 'completion');
}

export function filterRows(pairs: readonly (Pair & { verdicts: Verdict[] })[]): StoredRow[] {
  return toRows(
    'verdicts',
    pairs.map(({ id, verdicts }) => ({ id, verdicts })),
  );
}

/** The responses in order, each with its verdicts once the filters have run. */
export function filteredPairs(store: RunStore, iteration: number): Pair[] {
  const verdicts = byId(store.rows<{ id: string; verdicts: Verdict[] }>(iteration, 'filter', 'verdicts'));
  return respondPairs(store, iteration).map((pair) => ({ ...pair, verdicts: verdicts.get(pair.id)?.verdicts ?? [] }));
}

export function passedPairs(store: RunStore, iteration: number): Pair[] {
  return filteredPairs(store, iteration).filter(isKept);
}

// ---- assess and select --------------------------------------------------------------------------------------------

export function assessRows({ assessments }: AssessChunk): StoredRow[] {
  return toRows('assessment', assessments);
}

/** Assessments with their ranks in the pool of the iteration. */
export function assessments(store: RunStore, iteration: number): Assessment[] {
  return rankPool(store.rows<UnrankedAssessment>(iteration, 'assess', 'assessment'));
}

export function measureRows({ measurements }: MeasureChunk): StoredRow[] {
  return toRows('measurement', measurements);
}

export function measurements(store: RunStore, iteration: number): Measurement[] {
  return store.rows<Measurement>(iteration, 'select', 'measurement');
}

export function selectRows(dataset: readonly Pair[], clusters?: Clusters): StoredRow[] {
  const labels = [...(clusters?.byId ?? [])].map(([id, cluster]) => ({ id, cluster }));
  return [...toRows('kept', dataset), ...toRows('cluster', labels)];
}

/** What was measured of each pair, as files have it: without the vector. */
export function measuredFields(store: RunStore, iteration: number): (id: string) => object {
  const measured = byId(measurements(store, iteration));
  const clusters = byId(store.rows<{ id: string; cluster: number }>(iteration, 'select', 'cluster'));
  return (id) => {
    const { perplexity, reason } = { perplexity: undefined, reason: undefined, ...measured.get(id) };
    const cluster = clusters.get(id)?.cluster;
    return {
      ...(perplexity && { perplexity }),
      ...(cluster !== undefined && { cluster }),
      ...(reason !== undefined && { notMeasured: reason }),
    };
  };
}

/** The pairs that are trained on, in training order. */
export function dataset(store: RunStore, iteration: number): Pair[] {
  return store.rows<Pair>(iteration, 'select', 'kept');
}

/** Those of them that this iteration itself kept, best first: neither of earlier ones, nor made of them in hindsight. */
export function ownDataset(store: RunStore, iteration: number): Pair[] {
  return dataset(store, iteration).filter(
    (pair) => pair.iteration === undefined && pair.source?.hindsightOf === undefined,
  );
}

// ---- train --------------------------------------------------------------------------------------------------------

/** An event of the trainer as a row: a resumed training that tells of a step again replaces it. */
export function commitTrainEvent(store: RunStore, iteration: number, event: TrainEvent): void {
  if (event.kind === 'samples') {
    store.setValue(plannedStepsKey(iteration), event.steps);
    store.setValue(copiedWeightsKey(iteration), event.memory.copiedWeights);
    return;
  }
  if (event.kind === 'measuring') return;
  const { kind, ...data } = event.kind === 'step' ? withoutTotal(event) : event;
  store.commitRow(iteration, 'train', event.step, { kind, id: `${kind}-${event.step}`, data });
}

/** How many steps the training will have; undefined before it has started. */
export function plannedSteps(store: RunStore, iteration: number): number | undefined {
  return store.value(plannedStepsKey(iteration)) as number | undefined;
}

export function plannedStepsKey(iteration: number): string {
  return `planned-steps-${iteration}`;
}

/** Which weights the training copied, which rounds otherwise and was chosen by the memory of then: an adapter that is trained
 *  again takes the same. Undefined before it has started. */
export function copiedWeights(store: RunStore, iteration: number): TrainerSettings['copiedWeights'] | undefined {
  return store.value(copiedWeightsKey(iteration)) as TrainerSettings['copiedWeights'] | undefined;
}

export function copiedWeightsKey(iteration: number): string {
  return `copied-weights-${iteration}`;
}

export function trainingSteps(store: RunStore, iteration: number): TrainingStep[] {
  return store.rows<TrainingStep>(iteration, 'train', 'step');
}

export function heldOutSteps(store: RunStore, iteration: number): HeldOutStep[] {
  return store.rows<HeldOutStep>(iteration, 'train', 'held-out');
}

// ---- evaluate ---------------------------------------------------------------------------------------------------------

export function lossRows(losses: readonly PairLoss[]): StoredRow[] {
  return toRows('seed-loss', losses);
}

/** Of the iteration's adapter on the seed pairs; those of the base are a value of the run. */
export function seedLosses(store: RunStore, iteration: number): PairLoss[] {
  return store.rows<PairLoss>(iteration, 'evaluate', 'seed-loss');
}

// ---- gate -------------------------------------------------------------------------------------------------------------

export function gateRows(part: string, whose: 'base' | 'adapter', results: readonly ItemResult[]): StoredRow[] {
  return toRows(gateKind(part, whose), results);
}

/** Of the base in the first iteration alone. */
export function gateResults(store: RunStore, iteration: number, part: string, whose: 'base' | 'adapter'): ItemResult[] {
  return store.rows<ItemResult>(iteration, 'gate', gateKind(part, whose));
}

function gateKind(part: string, whose: 'base' | 'adapter'): string {
  return `${part} of ${whose}`;
}

// ---- helpers ------------------------------------------------------------------------------------------------------

/** Result of a finished stage, of the type that the stage stores; undefined before. */
export function stageResult<Stage extends keyof StageResults>(
  store: RunStore,
  iteration: number,
  stage: Stage,
): StageResults[Stage] | undefined {
  return store.finishedStage(iteration, stage)?.result as StageResults[Stage] | undefined;
}

export function byId<T extends { id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

function toRows(kind: string, rows: readonly { id: string }[]): StoredRow[] {
  return rows.map((data) => ({ kind, id: data.id, data }));
}

/** The number of steps that are planned is not part of a step. */
function withoutTotal(event: TrainEvent & { kind: 'step' }): { kind: 'step' } & TrainingStep {
  const { kind, step, epoch, loss, lr, grad_norm, tokens, loss_tokens, seconds } = event;
  return { kind, step, epoch, loss, lr, grad_norm, tokens, loss_tokens, seconds };
}
