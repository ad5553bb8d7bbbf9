// A run in a process of its own, which a test kills: node --import ./typescript-loader.mjs run-child.ts '<ChildRun>'
// Prints each event as a line of JSON, and an error as {"error": {code, message}}.
import { createLlamaEngine } from '../../src/engine/llama-engine.js';
import { createEngine, type EngineOptions } from '../../src/engine/create-engine.js';
import { runLoop } from '../../src/pipeline/run.js';
import { IsheepError } from '../../src/shared/errors.js';
import { fakeEngine } from './fake-engine.js';
import type { ChildRun } from './kill-run.js';
import { tinyEngine } from './tiny-engine.js';

const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const { runDir, config, modelPath, engine } = JSON.parse(process.argv[2] ?? '') as ChildRun;
const engines = {
  fake: () => fakeEngine({ delayMs: 20 }),
  tiny: () => tinyEngine(modelPath),
  remote: () =>
    createEngine({ model: modelPath, device: config.device, threads: config.threads, endpoint: endpointOf(config) }),
  real: () => createLlamaEngine({ model: modelPath, device: config.device, threads: config.threads }),
};
function endpointOf({ baseUrl = '' }: ChildRun['config']): NonNullable<EngineOptions['endpoint']> {
  return { baseUrl, retries: 1, firstPauseMs: 100 };
}

try {
  await runLoop({ runDir, config, modelPath, engine: engines[engine](), report: print });
} catch (error) {
  if (!(error instanceof IsheepError)) throw error;
  print({ error: { code: error.code, message: error.message } });
  process.exitCode = error.exitCode;
}
