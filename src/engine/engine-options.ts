// The engine's options as the settings have them.
import { type Config, isOwnJudge } from '../config/schema.js';
import type { EngineOptions } from './create-engine.js';
import type { LlamaEngineOptions } from './llama-engine.js';

/** What no configuration holds. */
export interface EngineOverrides {
  /** Requests at a time, instead of the settings' own: sequences of the local model, requests to an endpoint. */
  parallel?: number | undefined;
  /** Of an endpoint. */
  apiKey?: string | undefined;
}

/** What a run works with: the local model, an endpoint that writes and judges where the settings name one, and the model that
 *  judges where it is another. */
export function engineOptions(config: Config, overrides: EngineOverrides = {}): EngineOptions {
  const { judge } = config.assess;
  const endpoint = endpointOptions(config, overrides);
  return {
    ...localEngineOptions(config, overrides),
    ...(endpoint && { endpoint }),
    ...(!isOwnJudge(judge) && { judge }),
  };
}

export function localEngineOptions(config: Config, { parallel }: EngineOverrides = {}): LlamaEngineOptions {
  const { batchTokens, cacheMemory, packedMemory, parallel: ofSettings } = config.inference;
  return {
    model: config.model,
    device: config.device,
    threads: config.threads,
    ...(config.chatTemplate !== undefined && { chatTemplate: config.chatTemplate }),
    ...(packedMemory !== undefined && { packedBytes: packedMemory * 1024 ** 2 }),
    batch: { parallel: parallel ?? ofSettings, batchTokens, cacheBytes: cacheMemory * 1024 ** 2 },
  };
}

/** Undefined where the model is local. */
export function endpointOptions(config: Config, { parallel, apiKey }: EngineOverrides = {}): EngineOptions['endpoint'] {
  const { engine, baseUrl, engineModel, enginePrompts, engineConcurrency, engineRetries, engineTimeout } = config;
  if (engine === 'local' || baseUrl === undefined) return undefined;
  const concurrency = parallel ?? engineConcurrency;
  return {
    baseUrl,
    ...(apiKey !== undefined && { apiKey }),
    ...(engineModel !== undefined && { name: engineModel }),
    ...(enginePrompts !== undefined && { prompts: enginePrompts }),
    ...(concurrency !== undefined && { concurrency }),
    ...(engineRetries !== undefined && { retries: engineRetries }),
    ...(engineTimeout !== undefined && { timeout: engineTimeout }),
  };
}
