// What a run is: its resolved configuration, hashes of its inputs, and versions, as config.json shows them. The same run
// in another folder or on another day has the same name.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { isOwnJudge, type Config } from '../config/schema.js';
import type { EngineChoices } from '../engine/engine-factory.js';
import { hashFile } from '../store/artifacts.js';
import { promptWording } from './prompt-wording.js';
import type { LoadedEvaluation } from './screens.js';
import type { RunInputs } from './run-inputs.js';
import { chatTemplateIdentity } from './trained-template.js';

export interface RunRecord {
  config: Config;
  inputs: {
    base: { sha256: string; bytes: number };
    /** Another model that judges; null where the run's own do. */
    judge: { sha256: string; bytes: number } | null;
    seeds: { sha256: string; tasks: number };
    /** Of the evaluation files; absent where none are given. */
    evaluation?: LoadedEvaluation['identity'];
    /** Of own.instructions and own.documents, where there are any. */
    ownInstructions?: { sha256: string; instructions: number };
    documents?: { sha256: string; passages: number };
    /** Where there is a topic plan. */
    topics?: { sha256: string; topics: number };
    prompts: { sha256: string };
    /** Name of a template, or sha256 of its file; null where the GGUF's own is used. */
    chatTemplate: string | null;
  };
  versions: { isheep: string; 'node-llama-cpp': string };
  /** Made once, at the start, and kept: a resume takes them over, but for the threads. */
  choices: EngineChoices;
}

/** Settings that change how fast a run is, or where the same is computed, and never what it makes. */
export const speedOnlyKeys: readonly string[] = [
  'threads',
  'baseUrl',
  'engineConcurrency',
  'engineRetries',
  'engineTimeout',
];

/** Keys that name files: what counts is what the files hold, and that is hashed. */
const pathKeys: readonly string[] = [
  'model',
  'seeds',
  'own.instructions',
  'own.documents',
  'synthesize.topics',
  'filter.evaluationFiles',
  'chatTemplate',
];

export function describeRun(
  config: Config,
  { modelPath, judgePath }: { modelPath: string; judgePath?: string },
  { seeds, ownInstructions, passages, topics, evaluation }: RunInputs,
): Omit<RunRecord, 'choices'> {
  return {
    config,
    inputs: {
      base: modelIdentity(modelPath),
      judge: judgePath === undefined ? null : modelIdentity(judgePath),
      seeds: { sha256: hashText(JSON.stringify(seeds)), tasks: seeds.length },
      ...(evaluation && { evaluation: evaluation.identity }),
      ...(ownInstructions.length > 0 && {
        ownInstructions: { sha256: hashText(JSON.stringify(ownInstructions)), instructions: ownInstructions.length },
      }),
      ...(passages.length > 0 && {
        documents: { sha256: hashText(JSON.stringify(passages)), passages: passages.length },
      }),
      ...(topics && { topics: { sha256: hashText(JSON.stringify(topics)), topics: topics.length } }),
      prompts: { sha256: hashText(JSON.stringify(promptWording())) },
      chatTemplate: chatTemplateIdentity(config.chatTemplate),
    },
    versions: packageVersions(),
  };
}

/** The name of a run: a hash of its configuration and inputs, never of a path, a time or a random number. Nor of the number of
 *  iterations: the first one is the same however many follow. */
export function runName({ config, inputs }: Omit<RunRecord, 'choices'>): string {
  const settings = decidingSettings(config).filter(([key]) => key !== 'iterations');
  return hashText(JSON.stringify([settings, flatten(inputs)]));
}

/** The run as it goes on: the settings of now, which differ from those of its start in nothing that decides what it makes. */
export function asContinued(started: RunRecord, config: Config, choices: EngineChoices): RunRecord {
  return { ...started, config, choices };
}

/** A key, what it was, and what it is now. */
export interface Difference {
  key: string;
  old: string;
  new: string;
}

/** What differs between the run as it was started and as it is asked for now, where that may change what it has made. More
 *  iterations do not; fewer would leave some out. */
export function differences(started: Omit<RunRecord, 'choices'>, asked: Omit<RunRecord, 'choices'>): Difference[] {
  const old = new Map(comparable(started));
  const now = new Map(comparable(asked));
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  const isLonger = asked.config.iterations > started.config.iterations;
  return keys
    .filter((key) => old.get(key) !== now.get(key) && !(key === 'iterations' && isLonger))
    .map((key) => ({ key, old: old.get(key) ?? 'not set', new: now.get(key) ?? 'not set' }));
}

/** Keys without meaning for the result left out; `bytes`, `tasks` and the like only explain a hash that stands beside them. */
function comparable({ config, inputs, versions }: Omit<RunRecord, 'choices'>): [string, string][] {
  const files: [string, string][] = [
    ['base (sha256)', inputs.base.sha256],
    ...hashOf('judge', inputs.judge ?? undefined),
    ['seeds (sha256)', inputs.seeds.sha256],
    ...hashOf('evaluation', inputs.evaluation),
    ...hashOf('own instructions', inputs.ownInstructions),
    ...hashOf('documents', inputs.documents),
    ['topics (sha256)', inputs.topics?.sha256 ?? 'off'],
    ['prompts (sha256)', inputs.prompts.sha256],
    ['chatTemplate', inputs.chatTemplate ?? "the model's own"],
  ];
  return [...decidingSettings(config), ...files, ...Object.entries(versions)];
}

function hashOf(name: string, input: { sha256: string } | undefined): [string, string][] {
  return input === undefined ? [] : [[`${name} (sha256)`, input.sha256]];
}

/** Leaves of an object as [dotted key, JSON], sorted by key. Keys that are undefined are left out. */
function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value)
    .flatMap(([key, inner]: [string, unknown]): [string, string][] => {
      if (inner === undefined) return [];
      const isObject = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
      return isObject ? flatten(inner, `${prefix}${key}.`) : [[`${prefix}${key}`, JSON.stringify(inner)]];
    })
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Settings that decide what a run makes, as [dotted key, JSON]: without paths, and a judge by its kind. */
export function decidingSettings(config: Config): [string, string][] {
  const { judge } = config.assess;
  const assess = { ...config.assess, judge: isOwnJudge(judge) ? judge : 'another' };
  const all = flatten({ ...config, assess }).filter(([key]) => !pathKeys.includes(key) && !speedOnlyKeys.includes(key));
  // Whether some are named, and not only what they hold, decides how instructions are written (synthesisMethod).
  const areSeedsNamed = config.seeds !== undefined && config.synthesize.method === 'auto';
  return areSeedsNamed ? [...all, ['seeds', 'given']] : all;
}

function modelIdentity(file: string): { sha256: string; bytes: number } {
  return { sha256: hashFile(file), bytes: statSync(file).size };
}

export function packageVersions(): RunRecord['versions'] {
  const root = path.join(import.meta.dirname, '..', '..');
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  return { isheep: manifest.version, 'node-llama-cpp': manifest.dependencies['node-llama-cpp'] ?? 'unknown' };
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
