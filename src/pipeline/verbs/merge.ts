// The verb merge: a base and its adapters as one model.
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Config } from '../../config/schema.js';
import { resolveChatTemplate } from '../../engine/chat-template.js';
import type { EngineChoices, EngineFactory } from '../../engine/engine-factory.js';
import type { ScaledAdapter } from '../../engine/merge.js';
import { IsheepError } from '../../shared/errors.js';
import { readJsonLines } from '../../shared/jsonl.js';
import type { Pair } from '../../shared/rows.js';
import { loadSeeds } from '../../shared/load-seeds.js';
import { hashFile } from '../../store/artifacts.js';
import { mergeAndMeasure, type MergeResult } from '../merging.js';
import { adapterPath } from '../run-context.js';
import { commonPairs, heldOutPairs } from '../stages/evaluate.js';
import { withRun } from '../status.js';
import { bestIteration } from '../summary.js';
import { asPair, nonEmpty, pairRowSchema, type VerbCall } from './verb.js';

export interface MergeFileJob {
  /** The base's file. */
  modelPath: string;
  adapters: readonly ScaledAdapter[];
  out: string;
  type: string;
  /** Name or file of the template that the merged model is to talk by; absent: the base's. */
  chatTemplate?: string | undefined;
  pairs: readonly Pair[];
}

export interface MergeFileResult extends MergeResult {
  model: string;
  adapters: readonly ScaledAdapter[];
  seconds: number;
}

export interface MergeProgress {
  onTensor: (tensors: { done: number; total: number }) => void;
  /** Called with 0 once the file is there, then as pairs are compared. */
  onPair: (done: number) => void;
}

export async function mergeFile(
  job: MergeFileJob,
  engine: EngineFactory,
  call: MergeProgress & Pick<VerbCall, 'stop'>,
): Promise<MergeFileResult> {
  const started = performance.now();
  await engine.check();
  const choices: EngineChoices = await engine.choose();
  const { modelPath, adapters, out, type, pairs } = job;
  const chatTemplate = job.chatTemplate === undefined ? null : resolveChatTemplate(job.chatTemplate, null);
  let isWritten = false;
  const onPair = (done: number) => {
    isWritten = true;
    call.onPair(done);
  };
  const result = await mergeAndMeasure(
    { merge: (work) => engine.merge(choices, work), compareMerged: (work) => engine.compareMerged(choices, work) },
    {
      ...{ adapters, baseSha256: hashFile(modelPath), outPath: out, type, pairs },
      ...(chatTemplate === null ? {} : { chatTemplate }),
      ...(call.stop === undefined ? {} : { signal: call.stop }),
      ...{ onTensor: call.onTensor, onPair },
    },
  ).catch((error: unknown) => {
    throw explained(error, isWritten ? `${out} is whole, its cost is not measured` : `${out} was not written`);
  });
  return { model: out, adapters, ...result, seconds: (performance.now() - started) / 1000 };
}

/** An interruption with what became of the file. */
function explained(error: unknown, what: string): unknown {
  if (!(error instanceof IsheepError) || error.code !== 'interrupted') return error;
  return new IsheepError('interrupted', `stopped: ${what}`, { hint: 'the same command starts again', cause: error });
}

/** `adapter.gguf` or, with a scale on top of its own, `adapter.gguf:0.5`. */
export function parseAdapter(text: string): ScaledAdapter {
  const [, file = text, scale = '1'] = (existsSync(text) ? null : /^(.+):([^:/\\]*)$/.exec(text)) ?? [];
  const value = scale.trim() === '' ? NaN : Number(scale);
  if (Number.isFinite(value)) return { path: file, scale: value };
  throw new IsheepError('bad-config', `--adapter ${text}: "${scale}" is not a number`, {
    hint: 'give a file, or a file and a scale: adapter.gguf:0.5',
  });
}

/** Pairs to measure on: of a file, or the seeds' own. */
export function comparedPairs(data: string | undefined, { seeds, seed }: Pick<Config, 'seeds' | 'seed'>): Pair[] {
  if (data !== undefined) return nonEmpty(readJsonLines(data, pairRowSchema), data).map(asPair);
  return commonPairs(loadSeeds(seeds), seed);
}

export interface RunAdapter {
  model: string;
  adapter: string;
  iteration: number;
  /** Held-out pairs of the iteration and the seeds' own, as the run's stage takes them. */
  pairs: Pair[];
}

/** What an iteration of a run made, the best one unless told. Throws `bad-input` where it has no adapter. */
export function adapterOfRun(runDir: string, wanted: number | undefined): RunAdapter {
  return withRun(runDir, (run) => {
    const iteration = wanted ?? bestIteration(run);
    if (iteration === null) {
      throw new IsheepError('bad-input', `no iteration of ${runDir} is better than the base`, {
        hint: 'name the one that you want with --iteration N',
      });
    }
    const adapter = adapterPath(runDir, iteration);
    if (!existsSync(adapter)) {
      throw new IsheepError('bad-input', `iteration ${iteration} of ${runDir} has no adapter`, {
        hint: `isheep status --run ${path.normalize(runDir)} tells how far it is`,
      });
    }
    const { model, seed, seeds } = run.config;
    const pairs = [...heldOutPairs(run, iteration), ...commonPairs(loadSeeds(seeds), seed)];
    return { model, adapter, iteration, pairs };
  });
}
