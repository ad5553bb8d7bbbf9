// A few real requests of every kind, timed: what a forecast is made from. Works in a temporary folder and leaves nothing.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Config } from '../config/schema.js';
import {
  type CallOptions,
  countTokens,
  type LanguageModel,
  type MemoryForecast,
  type Trainer,
} from '../engine/engine.js';
import type { EngineChoices, EngineFactory } from '../engine/engine-factory.js';
import type { Candidate, Pair, SeedTask } from '../shared/rows.js';
import { assess } from '../stages/assess/assess.js';
import { possibleMethods } from '../stages/assess/possible-methods.js';
import { applyScreen, createScreen } from '../stages/filter/screen.js';
import { respond } from '../stages/respond/respond.js';
import { synthesize } from '../stages/synthesize/synthesize.js';
import { train } from '../stages/train/train.js';
import { EngineSlot } from './engine-slot.js';
import { isKept } from './stored-rows.js';

/** Requests of the probe's chunk of synthesis, and pairs that it answers, judges and trains on. Small, so that a forecast
 *  takes seconds; a run's chunks are larger and make better use of the machine. */
const probeRequests = 8;
const probePairs = 8;

export interface ProbeInput extends CallOptions {
  config: Config;
  modelPath: string;
  seeds: readonly SeedTask[];
  engine: EngineFactory;
  choices: EngineChoices;
}

/** What was measured; seconds are wall time, tokens are those generated or trained. */
export interface Measured {
  synthesize: { requests: number; kept: number; tokens: number; seconds: number };
  respond: { responses: number; passed: number; tokens: number; seconds: number };
  assess: { pairs: number; method: string; seconds: number };
  train: { pairs: number; tokens: number; seconds: number };
  baseBytes: number;
  /** Of a merged model; 0 where none is made. */
  mergedBytes: number;
  adapterBytes: number;
  /** The most memory that this process had, weights that are mapped included. */
  peakBytes: number;
  /** A forecast, with what the process has after generating and judging, as it has when a run comes to train. */
  trainingMemory: MemoryForecast;
  /** Of text that one request of synthesis and one pair leave in the database and the files. */
  requestBytes: number;
  pairBytes: number;
}

export async function probe(input: ProbeInput): Promise<Measured> {
  const { engine, choices, modelPath } = input;
  const engines = new EngineSlot(engine, choices);
  try {
    const model = await engines.writer(null);
    const synthesized = await probeSynthesize(input, model);
    const responded = await probeRespond(input, model, synthesized.candidates);
    const assessed = await probeAssess(input, model, responded.pairs);
    const trainer = await engines.trainer();
    const trainingMemory = await engine.forecastTraining(choices, input.config.train);
    const trained = await probeTrain(input, trainer, responded.pairs);
    return {
      synthesize: synthesized.measured,
      respond: responded.measured,
      assess: assessed,
      train: trained.measured,
      baseBytes: statSync(modelPath).size,
      mergedBytes: input.config.merge.when === 'never' ? 0 : engine.mergedBytes(input.config.merge.type),
      adapterBytes: trained.adapterBytes,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      trainingMemory,
      requestBytes: synthesized.bytes / synthesized.measured.requests,
      pairBytes: responded.bytes / responded.pairs.length,
    };
  } finally {
    await engines.close();
  }
}

async function probeSynthesize(input: ProbeInput, model: LanguageModel) {
  const { config, seeds } = input;
  const started = performance.now();
  const chunks = synthesize(
    {
      ...callOptions(input),
      seeds,
      iteration: 1,
      seed: config.seed,
      target: config.instructions,
      settings: { ...config.synthesize, chunk: Math.min(probeRequests, config.synthesize.chunk) },
      screen: createScreen({
        rules: config.filter.rules,
        appliesTo: 'candidate',
        novelty: config.synthesize.novelty,
        against: seeds,
      }),
      earlier: [],
    },
    model,
  );
  const { requests, candidates } = await firstOf(chunks);
  const kept = candidates.filter(isKept);
  const tokens = requests.reduce((sum, request) => sum + request.tokens, 0);
  return {
    measured: { requests: requests.length, kept: kept.length, tokens, seconds: secondsSince(started) },
    bytes: Buffer.byteLength(JSON.stringify([requests, candidates])),
    // A probe in which nothing was kept goes on with the seeds, which are instructions as well.
    candidates: (kept.length > 0 ? kept : seeds.map((task) => ({ ...task, verdicts: [] }))).slice(0, probePairs),
  };
}

async function probeRespond(input: ProbeInput, model: LanguageModel, candidates: readonly Candidate[]) {
  const { config } = input;
  const settings = { ...config.respond, chunk: probePairs };
  const started = performance.now();
  const chunks = respond(
    { ...callOptions(input), candidates, iteration: 1, seed: config.seed, settings, firstChunk: 0 },
    model,
  );
  const { pairs, completions } = await firstOf(chunks);
  const seconds = secondsSince(started);
  const screen = createScreen({ rules: config.filter.rules, appliesTo: 'pair', novelty: config.synthesize.novelty });
  const passed = applyScreen(pairs, screen).filter(isKept).length;
  const tokens = countTokens(completions);
  return {
    measured: { responses: pairs.length, passed, tokens, seconds },
    bytes: Buffer.byteLength(JSON.stringify([pairs, completions])),
    pairs,
  };
}

/** `auto` is timed as likelihood, where the model can be judged by it: which method it takes is known only once a run has
 *  tested the judge. */
async function probeAssess(
  input: ProbeInput,
  model: LanguageModel,
  pairs: readonly Pair[],
): Promise<Measured['assess']> {
  const { config } = input;
  const method = config.assess.method === 'auto' ? (await possibleMethods(model))[0] : config.assess.method;
  const settings = { ...config.assess, chunk: probePairs };
  const started = performance.now();
  const seed = config.seed;
  const chunks = assess(
    { ...callOptions(input), pairs, iteration: 1, seed, method, settings, firstChunk: 0, ownResponses: true },
    model,
  );
  await firstOf(chunks);
  return { pairs: pairs.length, method, seconds: secondsSince(started) };
}

/** One epoch over the responses, or over the seeds' own where all responses are empty. */
async function probeTrain(input: ProbeInput, trainer: Trainer, pairs: readonly Pair[]) {
  const { config, seeds } = input;
  const answered = pairs.filter(({ response }) => response.trim() !== '');
  const own = seeds.slice(0, probePairs).map(({ output, ...task }) => ({ ...task, response: output }));
  const dataset = answered.length > 0 ? answered : own;
  const folder = mkdtempSync(path.join(tmpdir(), 'isheep-plan-'));
  try {
    const adapterPath = path.join(folder, 'adapter.gguf');
    const settings = { ...config.train, epochs: 1, validation: 0 };
    const started = performance.now();
    const events = train(
      { dataset, iteration: 1, seed: config.seed, settings, adapterPath, metadata: {}, ...onlySignal(input) },
      trainer,
    );
    let next = await events.next();
    while (next.done !== true) next = await events.next();
    const measured = { pairs: dataset.length, tokens: next.value.tokens, seconds: secondsSince(started) };
    return { measured, adapterBytes: statSync(adapterPath).size };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  throw new Error('a probe yielded nothing');
}

function callOptions({ signal, onProgress }: CallOptions): CallOptions {
  return { ...onlySignal({ signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}

function onlySignal({ signal }: { signal?: AbortSignal | undefined }): Pick<CallOptions, 'signal'> {
  return signal === undefined ? {} : { signal };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
