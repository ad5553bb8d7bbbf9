// What benchmarks of programs have in common: several programs an item, written by a model or read from a file, run and counted.
import { z } from 'zod';

import {
  type CallOptions,
  type FailedRequest,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
  type Prompt,
} from '../../../engine/engine.js';
import type { ProgramRun } from '../../../engine/sandbox/program-run.js';
import { readRecords } from '../../../shared/records.js';
import { IsheepError } from '../../../shared/errors.js';
import { deriveSeed } from '../../../shared/random.js';
import type { EvaluateSettings, Item, ItemResult, ScoringTools } from '../benchmark.js';
import { passShares } from './pass-at-k.js';

export interface Sample {
  text: string;
  /** Whether the text answers a message, so that the code has to be found in it; else it is code as it stands. */
  isResponse: boolean;
}

/** Programs for one item. */
export type Samples = readonly Sample[];

export interface Asked {
  prompt: Prompt;
  stop: readonly string[];
  isResponse: boolean;
}

const tokensOfProgram = 512;

/** One program an item is the likeliest one; several are sampled (temperature 0.8 and top-p 0.95, as in the paper of
 *  HumanEval), each from a stream of its own. */
export async function generateSamples<I extends Item>(
  benchmark: string,
  items: readonly I[],
  ask: (item: I) => Asked,
  model: LanguageModel,
  settings: EvaluateSettings,
  call: CallOptions,
): Promise<(Samples | FailedRequest)[]> {
  const { seed, samples = 1, maxTokens = tokensOfProgram } = settings;
  const temperature = settings.temperature ?? (samples === 1 ? 0 : 0.8);
  const asked = items.map(ask);
  const requests = items.flatMap(({ id }, i) => {
    const { prompt, stop } = asked[i] as Asked;
    return Array.from({ length: samples }, (_, k): GenerateRequest => ({
      id: `${id}#${k + 1}`,
      prompt,
      maxTokens,
      stop,
      sampling: { temperature, topK: 0, topP: temperature === 0 ? 1 : 0.95, minP: 0 },
      seed: deriveSeed(seed, 'evaluate', benchmark, id, k + 1),
    }));
  });
  const generated = await model.generate(requests, call);
  return items.map((item, i) => {
    const own = generated.slice(i * samples, (i + 1) * samples);
    const failed = own.find(isFailed);
    if (failed) return { ...failed, id: item.id };
    const { isResponse } = asked[i] as Asked;
    return own.flatMap((one) => (isFailed(one) ? [] : { text: one.text, isResponse }));
  });
}

/** Programs that stand in a file: {task_id, completion}, several an item, the completion being code as it stands; or
 *  {id, response}, whose code has to be found. Throws `bad-input` that names all lines that are neither, or join no item. */
export function readSamples<I extends Item>(file: string, items: readonly I[]): { items: I[]; answers: Samples[] } {
  const known = new Set(items.map(({ id }) => id));
  const own = new Map<string, Sample[]>();
  for (const { record: row } of readRecords(file, sampleSchema(known))) {
    const key = String(row.task_id ?? row.id);
    const sample = { text: row.completion ?? row.response ?? '', isResponse: row.completion === undefined };
    own.set(key, [...(own.get(key) ?? []), sample]);
  }
  const answered = items.filter(({ id }) => own.has(id));
  return { items: answered, answers: answered.map(({ id }) => own.get(id) ?? []) };
}

function sampleSchema(known: ReadonlySet<string>) {
  const key = z.union([z.string(), z.number()]).optional();
  const row = z.looseObject({
    task_id: key,
    completion: z.string().optional(),
    id: key,
    response: z.string().optional(),
  });
  return row.superRefine((sample, context) => {
    const official = sample.task_id !== undefined && sample.completion !== undefined;
    const response = sample.id !== undefined && sample.response !== undefined;
    const id = String(sample.task_id ?? sample.id);
    const problem =
      official === response
        ? 'must have either task_id and completion, or id and response'
        : known.has(id)
          ? undefined
          : `${JSON.stringify(id)} is no item of the benchmark`;
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

export interface Trial {
  program: string;
  /** Of the program's own time, where it needs more than most. */
  seconds?: number;
}

/** Runs all programs, as many at a time as the sandbox takes; the same program is run once. */
export async function scoreSamples<I extends Item>(
  items: readonly I[],
  answers: readonly (Samples | FailedRequest)[],
  trial: (item: I, sample: Sample) => Trial,
  tools: ScoringTools,
): Promise<ItemResult[]> {
  const stop = new AbortController();
  const signals = [stop.signal, ...(tools.call.signal ? [tools.call.signal] : [])];
  const run = runnerOf(tools, AbortSignal.any(signals));
  try {
    return await Promise.all(
      items.map(async (item, i) => {
        const samples = answers[i] as Samples | FailedRequest;
        if ('error' in samples) return failedItem(item, samples, tools.settings);
        return itemResult(item, samples, await Promise.all(samples.map((sample) => run(trial(item, sample)))));
      }),
    );
  } finally {
    // Where one could not be run at all, the others are not worth waiting for.
    stop.abort();
  }
}

function runnerOf({ runProgram, call }: ScoringTools, signal: AbortSignal): (trial: Trial) => Promise<ProgramRun> {
  if (runProgram === undefined) throw new Error('programs are scored without a place to run them');
  const runs = new Map<string, Promise<ProgramRun>>();
  let done = 0;
  return async ({ program, seconds }) => {
    const running = runs.get(program) ?? runProgram(program, { seconds, signal });
    runs.set(program, running);
    const result = await running;
    call.onProgress?.({ done: ++done, tokens: 0 });
    return result;
  };
}

function itemResult(item: Item, samples: Samples, runs: readonly ProgramRun[]): ItemResult {
  const passed = runs.filter(({ outcome }) => outcome === 'passed').length;
  return {
    id: item.id,
    shares: passShares(runs.length, passed),
    ...(item.cluster !== undefined && { cluster: item.cluster }),
    details: { passed, samples: samples.map(({ text }, i) => ({ text, ...runs[i] })) },
  };
}

function failedItem(item: Item, { error }: FailedRequest, { samples = 1 }: EvaluateSettings): ItemResult {
  const cluster = item.cluster === undefined ? {} : { cluster: item.cluster };
  return { id: item.id, shares: passShares(samples, 0), ...cluster, details: { passed: 0, error } };
}

/** Throws `bad-input` that tells all problems of a file at once. */
export function refuseWhereBad(file: string, problems: readonly string[], hint: string): void {
  if (problems.length === 0) return;
  const listed = problems.slice(0, 20).map((problem) => `${file}: ${problem}`);
  const more = problems.length > 20 ? [`and ${problems.length - 20} more`] : [];
  throw new IsheepError('bad-input', [...listed, ...more].join('; '), { hint });
}
