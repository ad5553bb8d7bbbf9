// A forecast of a run: counts by stage, tokens, seconds, memory and disk, from a short probe of this model on this machine.
// Changes nothing. It knows one chunk of the base; what later iterations write may be longer, shorter, or less often kept.
import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';

import type { CallOptions, MemoryForecast } from '../engine/engine.js';
import type { EngineFactory } from '../engine/engine-factory.js';
import type { Config } from '../config/schema.js';
import { needsVectors } from '../stages/select/measure.js';
import { responseCount } from '../stages/respond/respond.js';
import type { StageName } from './events.js';
import { refuseBeyondEndpoint } from './endpoint-limits.js';
import { mostItems } from './gate-parts.js';
import { probe, type Measured } from './probe.js';
import { loadInputs } from './run-inputs.js';
import { isJudged } from './stages/assess.js';

/** A text stands in the database and in a file; a training keeps weights, two moments and the adapter itself. */
const copiesOfText = 2;
const copiesOfAdapterInTraining = 4;
/** Seeds that an adapter is compared on, each under two models; see stages/evaluate.ts. */
const comparedSeeds = 32;

export interface StageForecast {
  stage: StageName;
  /** What is counted, in the plural. */
  unit: string;
  count: number;
  /** Generated, or trained on; 0 where the stage does neither. */
  tokens: number;
  seconds: number;
}

export interface Plan {
  iterations: number;
  /** Of one iteration. */
  stages: StageForecast[];
  /** Of the whole run. */
  seconds: number;
  /** The larger peak: of training at the maximum length, or of the probe. */
  memoryBytes: number;
  /** Of training alone, by part. */
  trainingMemory: MemoryForecast;
  maxLength: number;
  diskBytes: number;
  freeDiskBytes: number;
  /** What the forecast does not know or had to assume, in sentences. */
  notes: string[];
  measured: Measured;
}

export interface PlanInput extends CallOptions {
  runDir: string;
  config: Config;
  modelPath: string;
  engine: EngineFactory;
}

/** Throws `not-enough-memory` before the probe where training at the maximum length does not fit. */
export async function plan(input: PlanInput): Promise<Plan> {
  const { engine, config } = input;
  const inputs = loadInputs(config);
  await engine.check('training');
  const choices = await engine.choose();
  await refuseBeyondEndpoint(config, engine, choices);
  await engine.forecastTraining(choices, config.train);
  const measured = await probe({ ...input, ...inputs, choices });
  return { ...forecast(config, measured), freeDiskBytes: freeBytes(input.runDir), measured };
}

/** The arithmetic of a plan, from what was measured. */
export function forecast(config: Config, measured: Measured): Omit<Plan, 'freeDiskBytes' | 'measured'> {
  const stages = forecastStages(config, measured);
  const requests = stages.find(({ stage }) => stage === 'synthesize')?.count ?? 0;
  const text =
    copiesOfText *
    (requests * measured.requestBytes +
      responseCount(wantedInstructions(config, measured), config.respond) * measured.pairBytes);
  return {
    iterations: config.iterations,
    stages,
    seconds: config.iterations * stages.reduce((sum, { seconds }) => sum + seconds, 0),
    memoryBytes: Math.max(measured.peakBytes, measured.trainingMemory.total),
    trainingMemory: measured.trainingMemory,
    maxLength: config.train.maxLength,
    diskBytes: Math.ceil(
      config.iterations * (text + measured.adapterBytes) +
        copiesOfAdapterInTraining * measured.adapterBytes +
        (config.merge.when === 'each' ? config.iterations : 1) * measured.mergedBytes,
    ),
    notes: notes(config, measured),
  };
}

function forecastStages(config: Config, measured: Measured): StageForecast[] {
  const { synthesize, respond, assess, dataset, train } = measured;
  const instructions = wantedInstructions(config, measured);
  // Where the probe kept nothing, the run goes on for as long as it does not give up; count it as one kept.
  const toWrite = Math.max(0, instructions - synthesize.own);
  const requests = Math.ceil((toWrite * synthesize.requests) / Math.max(1, synthesize.kept));
  const responses = responseCount(instructions, config.respond);
  const passed = Math.ceil((responses * Math.max(1, respond.passed)) / respond.responses);
  // One response an instruction is kept; how many instructions have none that passes is not known, so at most all.
  const kept = Math.min(config.select.atMost, keptOf(Math.min(instructions, passed), config, measured));
  const per = (total: number, n: number) => total / Math.max(1, n);
  const trained = kept + Math.ceil(kept * per(dataset.made, dataset.pairs));
  const heldOut = Math.floor(trained * config.train.validation);
  const trainTokens = Math.ceil(
    (trained - heldOut) * config.train.epochs * per(dataset.tokens, dataset.pairs + dataset.made),
  );
  const row = (stage: StageName, unit: string, count: number, tokens: number, seconds: number): StageForecast => ({
    stage,
    unit,
    count,
    tokens: Math.ceil(tokens),
    seconds,
  });
  const judged = isJudged(config) ? passed : 0;
  const pairSeconds = per(assess.seconds, assess.pairs);
  return [
    row(
      'synthesize',
      'requests',
      requests,
      requests * per(synthesize.tokens, synthesize.requests),
      synthesize.measureSeconds + requests * per(synthesize.seconds, synthesize.requests),
    ),
    row(
      'respond',
      'responses',
      responses,
      responses * per(respond.tokens, respond.responses),
      responses * per(respond.seconds, respond.responses),
    ),
    row('filter', 'responses', responses, 0, 0),
    row('assess', 'pairs', judged, 0, judged * pairSeconds),
    row('select', 'pairs', kept, 0, passed * per(measured.select.seconds, measured.select.pairs)),
    row('train', 'pairs', trained - heldOut, trainTokens, trainTokens * per(train.seconds, train.tokens)),
    row('evaluate', 'pairs', 2 * (comparedSeeds + heldOut), 0, 2 * (comparedSeeds + heldOut) * pairSeconds),
    ...gateRow(config, measured, pairSeconds),
    // Under the base, base with adapter, and merged model; writing the file is not timed.
    ...(config.merge.when === 'each'
      ? [row('merge', 'pairs', 3 * (comparedSeeds + heldOut), 0, 3 * (comparedSeeds + heldOut) * pairSeconds)]
      : []),
  ];
}

/** Of an iteration; that the base is measured once is spread over all of them. */
function gateRow({ gate, ...config }: Config, { respond }: Measured, pairSeconds: number): StageForecast[] {
  const { prompts, questions } = mostItems({ gate, ...config });
  if (prompts + questions === 0) return [];
  const models = 1 + 1 / config.iterations;
  const tokens = Math.min(gate.maxTokens, respond.tokens / Math.max(1, respond.responses));
  const secondsPerToken = respond.seconds / Math.max(1, respond.tokens);
  return [
    {
      ...{ stage: 'gate', unit: 'items', count: Math.ceil(models * (prompts + questions)) },
      tokens: Math.ceil(models * prompts * tokens),
      seconds: models * (prompts * tokens * secondsPerToken + questions * pairSeconds),
    },
  ];
}

/** Before `atMost`: of each cluster one, half of the pairs where these are no more than the clusters. */
function keptOf(passed: number, config: Config, measured: Measured): number {
  const { clusters, share } = config.select;
  if (needsVectors(config.select.by)) return passed > clusters ? clusters : Math.max(1, Math.floor(passed / 2));
  return Math.ceil(passed * (isRanked(config, measured) ? share : 1));
}

/** Of an iteration. */
function wantedInstructions({ instructions, synthesize: { method } }: Config, { synthesize }: Measured): number {
  return method === 'none' ? Math.min(instructions, synthesize.own) : instructions;
}

/** Grades keep what passes a threshold, and how many that are is unknown before; ranks keep a share. */
function isRanked(config: Config, { assess }: Measured): boolean {
  if (!isJudged(config)) return false;
  const { method } = config.assess;
  return (method === 'auto' ? assess.method : method) === 'likelihood';
}

function notes(config: Config, measured: Measured): string[] {
  const { synthesize, respond, assess } = measured;
  const found: string[] = [];
  if (synthesize.requests > 0 && synthesize.kept === 0) {
    found.push(
      `None of the ${synthesize.requests} requests of the probe gave an instruction that was kept; counted as one.`,
    );
  }
  if (respond.passed === 0) found.push('No response of the probe passed the filters; counted as one.');
  if (isJudged(config) && config.assess.method === 'auto') {
    found.push(`assess.method is auto: timed as ${assess.method}; the self-test that decides comes on top, once.`);
  }
  if (config.merge.when === 'each') found.push('The time in which a merged model is written comes on top.');
  if (config.merge.when === 'last') found.push('The merge after the last iteration comes on top, once.');
  if (config.select.by === 'perplexity' || (isJudged(config) && !isRanked(config, measured))) {
    found.push(
      'How many pairs pass the threshold is not known before; training is forecast for all that pass the filters.',
    );
  }
  return found;
}

/** Of the disk that the run's folder is on, or would be. */
function freeBytes(runDir: string): number {
  let folder = path.resolve(runDir);
  while (!existsSync(folder)) folder = path.dirname(folder);
  const disk = statfsSync(folder);
  return disk.bavail * disk.bsize;
}
