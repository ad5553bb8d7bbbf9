// What every stage of a run works with, and the two ways in which a run is asked to stop.
import path from 'node:path';

import type { Config } from '../config/schema.js';
import type { CallOptions, LanguageModel } from '../engine/engine.js';
import { IsheepError } from '../shared/errors.js';
import { iterationDir } from '../store/artifacts.js';
import type { RunStore } from '../store/run-store.js';
import type { EngineSlot } from './engine-slot.js';
import type { IterationSummary, Reporter, StageName } from './events.js';
import type { RunRecord } from './run-config.js';
import type { RunInputs } from './run-inputs.js';
import { writerOf } from './rollback.js';

/** What is known of a run without an engine: enough for its sizes, its status and its summary. */
export interface RunData {
  runDir: string;
  config: Config;
  store: RunStore;
}

export interface RunContext extends RunData, RunInputs {
  record: RunRecord;
  /** What its adapters call the run. */
  name: string;
  engines: EngineSlot;
  report: Reporter;
  /** Aborted: the current chunk is finished and committed, then the run stops. */
  stop: AbortSignal;
  /** Aborted: the running native call is cancelled; its chunk is made again on resume. */
  cancel: AbortSignal;
}

export const adapterName = 'adapter.gguf';

export function adapterPath(runDir: string, iteration: number): string {
  return path.join(iterationDir(runDir, iteration), adapterName);
}

export const mergedName = 'merged.gguf';

export function mergedPath(runDir: string, iteration: number): string {
  return path.join(iterationDir(runDir, iteration), mergedName);
}

/** M(t-1): the base, or the base with the adapter of the last iteration that was kept; an endpoint's model in the place of
 *  either. */
export function modelOf(run: RunContext, iteration: number): Promise<LanguageModel> {
  return run.engines.writer(lastAdapter(run, iteration));
}

/** The adapter that writes the data of `iteration`; null: the base alone. */
export function lastAdapter({ store, runDir }: RunData, iteration: number): string | null {
  const writer = writerOf(store, iteration);
  return writer === 0 ? null : adapterPath(runDir, writer);
}

/** Whether models are asked by a chat template that is the run's choice, and not by their own, or their server's. */
export function isTemplateGiven({ chatTemplate, engine }: Pick<Config, 'chatTemplate' | 'engine'>): boolean {
  return chatTemplate !== undefined && engine === 'local';
}

/** What writes the instructions: M(t-1), or the base in every iteration. */
export function instructionWriterOf(run: RunContext, iteration: number): Promise<LanguageModel> {
  return run.config.synthesize.writer === 'base' ? run.engines.writer(null) : modelOf(run, iteration);
}

/** Where another than M(t-1) writes the instructions. */
export function instructionsBy(
  { synthesize: { writer } }: Config,
  model: IterationSummary['model'],
): Pick<IterationSummary, 'instructionsBy'> {
  return writer === 'base' && model !== 'base' ? { instructionsBy: 'base' } : {};
}

/** What judges: M(t-1), the base, or another model. */
export function judgeOf(run: RunContext, iteration: number): Promise<LanguageModel> {
  const { judge } = run.config.assess;
  if (judge === 'current') return modelOf(run, iteration);
  return judge === 'base' ? run.engines.model(null) : run.engines.judge();
}

/** Whether what judges is what wrote, in the same state. `baseWrote`: without an adapter. */
export function judgesOwn({ assess: { judge }, engine }: Config, baseWrote: boolean): boolean {
  return judge === 'current' || (judge === 'base' && baseWrote && engine === 'local');
}

/** How M(t-1) is named in rows and summaries. */
export function modelName(run: RunContext, iteration: number): IterationSummary['model'] {
  const { endpointModel } = run.record.choices;
  if (typeof endpointModel === 'string') return { endpoint: endpointModel };
  const writer = writerOf(run.store, iteration);
  if (writer === 0) return 'base';
  const adapterSha256 = run.store.artifactHash(writer, adapterName);
  if (adapterSha256 === undefined)
    throw new Error(`iteration ${iteration} starts before iteration ${writer} has trained`);
  return { adapterSha256 };
}

/** Options of a native call: cancelled by the second signal, its progress told on top of what is done. */
export function callOptions(
  run: RunContext,
  onProgress: (done: number, tokens: number) => void,
): Required<CallOptions> {
  return { signal: run.cancel, onProgress: ({ done, tokens }) => onProgress(done, tokens) };
}

/** Throws `interrupted` where the run was asked to stop. Called where everything done so far is committed. */
export function stopIfAsked(run: RunContext, iteration: number, stage: StageName, done: string): void {
  if (run.stop.aborted || run.cancel.aborted) {
    throw new IsheepError('interrupted', `stopped in iteration ${iteration}, stage ${stage}, after ${done}`);
  }
}
