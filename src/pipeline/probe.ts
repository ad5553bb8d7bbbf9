// A few real requests of every kind, timed: what a forecast is made from. Works in a temporary folder and leaves nothing.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type CallOptions, type LanguageModel, type MemoryForecast, type Trainer } from '../engine/engine.js';
import type { EngineChoices, EngineFactory } from '../engine/engine-factory.js';
import { peakBytes } from '../engine/memory.js';
import { tokenizeExamples } from '../engine/training-data.js';
import type { Candidate, Pair, Verdict } from '../shared/rows.js';
import { isKept } from '../shared/verdicts.js';
import { endsOfCircle } from '../stages/select/circles.js';
import { inPart } from '../stages/select/hindsight.js';
import { madeOf } from '../stages/select/made-of.js';
import { measure } from '../stages/select/measure.js';
import { joinedTask } from '../shared/task-prompt.js';
import { train, trainingExample } from '../stages/train/train.js';
import { EngineSlot } from './engine-slot.js';
import { judgeOf, sampleAssessments, type SampleInput, sampleResponses, sampleSynthesis } from './sample.js';
import { measureDemonstrations } from './stages/synthesize.js';

/** Requests of the probe's chunk of synthesis, and pairs that it answers, judges and trains on: so few that a forecast does not
 *  take long with any model. */
const probeRequests = 8;
const probePairs = 8;
/** As many as a run writes at the same time, which makes far better use of the machine, where the few took less than this:
 *  told from few, responses of a slow machine take twice their time (docs/benchmarks.md). */
const largerProbe = 64;
const quickSeconds = 30;

export interface ProbeInput extends SampleInput {
  modelPath: string;
  engine: EngineFactory;
  choices: EngineChoices;
}

/** What was measured; seconds are wall time, tokens are those generated or trained. */
export interface Measured {
  /** `measureSeconds`: what comes before, once an iteration, where demonstrations go by what the model makes of the seeds. */
  synthesize: {
    /** A person's own instructions that the filters keep. */
    own: number;
    requests: number;
    /** Of those that the requests wrote. */
    kept: number;
    tokens: number;
    seconds: number;
    measureSeconds: number;
  };
  respond: { responses: number; passed: number; tokens: number; seconds: number };
  assess: { pairs: number; method: string; seconds: number };
  /** Of measuring, where the selection does that; it takes no time to speak of otherwise. */
  select: { pairs: number; seconds: number };
  /** Pairs that a dataset may hold, what would be made beside them, of them and of responses in circles, and the tokens that
   *  would be trained on of all of these. */
  dataset: { pairs: number; made: number; tokens: number };
  /** Of a few of these pairs. */
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
    const { measures, measureSeconds } = await probeSeeds(input, model);
    const synthesized = await again(probeRequests, (requests) =>
      probeSynthesize({ ...input, measures }, model, requests),
    );
    const responded = await again(probePairs, (most) =>
      probeRespond(input, model, synthesized.candidates.slice(0, most)),
    );
    const assessed = await probeAssess(input, await judgeOf(input.config, engines), responded.pairs);
    const selected = await probeMeasure(input, await engines.writer(null), responded.pairs);
    const trainer = await engines.trainer();
    const trainingMemory = await engine.forecastTraining(choices, input.config.train);
    const dataset = datasetOf(input, responded.pairs);
    const tokens = await countTokens(input, [...dataset.own, ...dataset.made]);
    const trained = await probeTrain(input, trainer, spread([...dataset.own, ...dataset.made], probePairs));
    return {
      synthesize: { ...synthesized.measured, measureSeconds },
      respond: responded.measured,
      assess: assessed,
      select: selected,
      dataset: { pairs: dataset.own.length, made: dataset.made.length, tokens },
      train: trained.measured,
      baseBytes: statSync(modelPath).size,
      mergedBytes: input.config.merge.when === 'never' ? 0 : engine.mergedBytes(input.config.merge.type),
      adapterBytes: trained.adapterBytes,
      peakBytes: peakBytes(),
      trainingMemory,
      requestBytes: synthesized.bytes / Math.max(1, synthesized.measured.requests),
      pairBytes: responded.bytes / responded.pairs.length,
    };
  } finally {
    await engines.close();
  }
}

/** Measures with so many, and where that was quick with more. */
async function again<T extends { measured: { seconds: number } }>(
  few: number,
  measureSome: (count: number) => Promise<T>,
): Promise<T> {
  const measured = await measureSome(few);
  return measured.measured.seconds < quickSeconds ? measureSome(largerProbe) : measured;
}

async function probeSeeds(input: ProbeInput, model: LanguageModel) {
  const started = performance.now();
  const measures = await measureDemonstrations(input.config, input.seeds, 1, model, onlySignal(input));
  return { measures, measureSeconds: secondsSince(started) };
}

async function probeSynthesize(input: ProbeInput, model: LanguageModel, chunk: number) {
  const { config, seeds } = input;
  const started = performance.now();
  const chunks = await sampleSynthesis(input, model, { target: config.instructions, chunk, chunks: 1 });
  const requests = chunks.flatMap((one) => one.requests);
  const candidates = chunks.flatMap((one) => one.candidates);
  const kept = candidates.filter(isKept);
  const own = kept.filter(({ source }) => source?.own !== undefined).length;
  const tokens = requests.reduce((sum, request) => sum + request.tokens, 0);
  const seconds = secondsSince(started);
  return {
    measured: { own, requests: requests.length, kept: kept.length - own, tokens, seconds },
    bytes: Buffer.byteLength(JSON.stringify([requests, candidates])),
    // A probe in which nothing was kept goes on with the seeds, which are instructions as well.
    candidates: (kept.length > 0 ? kept : seeds.map((task) => ({ ...task, verdicts: [] }))).slice(0, largerProbe),
  };
}

async function probeRespond(input: ProbeInput, model: LanguageModel, candidates: readonly Candidate[]) {
  const started = performance.now();
  const { pairs, completions, tokens } = await sampleResponses(input, model, candidates);
  const seconds = secondsSince(started);
  const passed = pairs.filter(isKept).length;
  return {
    measured: { responses: pairs.length, passed, tokens, seconds },
    bytes: Buffer.byteLength(JSON.stringify([pairs, completions])),
    // What judges and trains sees of them.
    pairs: pairs.map((pair) => joinedTask(pair, input.config.inputJoiner)),
  };
}

type JudgedPair = Pair & { verdicts: Verdict[] };

/** The pairs that a dataset may hold, as they are trained on, and those that are made beside them. */
function datasetOf(input: ProbeInput, responded: readonly JudgedPair[]): { own: Pair[]; made: Pair[] } {
  const { config } = input;
  const pairs = usable(input, responded);
  const ends = responded.flatMap((pair) => endsOfCircle(pair, config.select.circles));
  return {
    own: pairs.map((pair) => inPart(pair, config.constraints, config.seed, 1)),
    made: [...pairs.flatMap((pair) => madeOf(pair, config, 1)), ...ends],
  };
}

/** The pairs that pass the filters; where none does those with a response, and where there is none the seeds' own. */
function usable({ config, seeds }: ProbeInput, pairs: readonly JudgedPair[]): Pair[] {
  const answered = pairs.filter(({ response }) => response.trim() !== '');
  const passed = answered.filter(isKept);
  if (answered.length > 0) return passed.length > 0 ? passed : answered;
  return seeds
    .slice(0, probePairs)
    .map(({ output, ...task }) => ({ ...joinedTask(task, config.inputJoiner), response: output }));
}

/** Tokens of all pairs as the trainer would take them. A few pairs tell how long a token takes, but not how long pairs are. */
async function countTokens({ engine, config }: ProbeInput, pairs: readonly Pair[]): Promise<number> {
  const tokenizer = await engine.openTokenizer();
  try {
    const tokenize = tokenizer.exampleTokens.bind(tokenizer);
    return tokenizeExamples(pairs.map(trainingExample), tokenize, config.train.maxLength).counts.tokens;
  } finally {
    await tokenizer.dispose();
  }
}

/** At most so many, from the first to the last at the same distance. */
function spread(pairs: readonly Pair[], most: number): Pair[] {
  const count = Math.min(most, pairs.length);
  return Array.from({ length: count }, (_, i) => pairs[Math.floor((i * pairs.length) / count)] as Pair);
}

async function probeAssess(
  input: ProbeInput,
  model: LanguageModel,
  pairs: readonly Pair[],
): Promise<Measured['assess']> {
  const started = performance.now();
  const { method } = await sampleAssessments(input, model, pairs);
  return { pairs: pairs.length, method, seconds: secondsSince(started) };
}

async function probeMeasure(
  input: ProbeInput,
  model: LanguageModel,
  pairs: readonly Pair[],
): Promise<Measured['select']> {
  const { select } = input.config;
  if (select.by === 'assessment') return { pairs: 0, seconds: 0 };
  const started = performance.now();
  const settings = { by: select.by, chunk: probePairs };
  const chunks = measure({ ...onlySignal(input), pairs, settings, firstChunk: 0 }, model);
  for await (const { measurements } of chunks) return { pairs: measurements.length, seconds: secondsSince(started) };
  return { pairs: 0, seconds: 0 };
}

/** One epoch. */
async function probeTrain(input: ProbeInput, trainer: Trainer, dataset: Pair[]) {
  const { config } = input;
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

function onlySignal({ signal }: { signal?: AbortSignal | undefined }): Pick<CallOptions, 'signal'> {
  return signal === undefined ? {} : { signal };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
