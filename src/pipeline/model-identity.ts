// All that a model's answers depend on beside the requests, as one text: for the cache of evaluations, and for results.
import type { EngineChoices } from '../engine/engine-factory.js';
import { hashFile } from '../store/artifacts.js';
import { packageVersions } from './run-config.js';
import { chatTemplateIdentity } from './trained-template.js';

export interface ModelIdentity {
  /** sha256 of the GGUF file; of an endpoint's model its address and name instead. */
  model: string;
  /** sha256 of the adapter's file. */
  adapter: string | null;
  /** Name of a template or sha256 of its file; null: the model's own. */
  chatTemplate: string | null;
  /** Release of node-llama-cpp, which names llama.cpp's. */
  engine: string;
}

const known = new Map<string, string>();

export function localIdentity(modelPath: string, adapter: string | null, chatTemplate?: string): ModelIdentity {
  return {
    model: known.get(modelPath) ?? remember(modelPath),
    adapter: adapter === null ? null : hashFile(adapter),
    chatTemplate: chatTemplateIdentity(chatTemplate),
    engine: packageVersions()['node-llama-cpp'],
  };
}

/** Of a base, which no command changes while it runs. */
function remember(modelPath: string): string {
  const sha256 = hashFile(modelPath);
  known.set(modelPath, sha256);
  return sha256;
}

export function remoteIdentity(baseUrl: string, name: string): ModelIdentity {
  return { model: `${name} at ${baseUrl}`, adapter: null, chatTemplate: null, engine: 'endpoint' };
}

/**
 * @param choices Device, library and copies of the weights, by which products are rounded in one way or another; none for an
 *  endpoint.
 */
export function identityText({ model, adapter, chatTemplate, engine }: ModelIdentity, choices: EngineChoices): string {
  const computed = Object.entries(roundingChoices(choices)).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([model, adapter, chatTemplate, engine, packageVersions().isheep, computed]);
}

/** What decides how sums are rounded: all but the threads, since each number is one thread's sum. */
export function roundingChoices({ threads: _, ...rounding }: EngineChoices): EngineChoices {
  return rounding;
}
