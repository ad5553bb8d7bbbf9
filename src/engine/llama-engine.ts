// The engine over llama.cpp on this machine: opens models and trainers for the pipeline and the commands.
import os from 'node:os';

import { chooseLibraries } from '../native/library-choice.js';
import { wantedVariants } from '../native/load-addon.js';
import { IsheepError } from '../shared/errors.js';
import type { EngineChoices, EngineFactory } from './engine-factory.js';
import { resolveModel } from './known-models.js';
import { loadModel, type ModelOptions } from './model.js';

export interface LlamaEngineOptions {
  /** A known name or a path. */
  model: string;
  device: string;
  /** 0: as many as the machine has cores. */
  threads: number;
  chatTemplate?: string;
  /** Sequences that are computed at the same time; default: chosen from the requests and the memory. */
  parallel?: number;
}

export function createLlamaEngine(options: LlamaEngineOptions): EngineFactory {
  return {
    check: async () => (await loadModel({ ...modelOptions(options), vocabularyOnly: true })).dispose(),
    choose: (recorded) => Promise.resolve(checkedChoices(choicesNow(options), recorded)),
    openModel: (choices) => loadModel({ ...modelOptions(options), threads: Number(choices.threads) }),
    openTrainer: () => Promise.reject(new Error('pending')),
  };
}

function modelOptions({ model, device, threads, chatTemplate, parallel }: LlamaEngineOptions): ModelOptions {
  return {
    path: resolveModel(model),
    device,
    threads,
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(parallel === undefined ? {} : { batch: { parallel } }),
  };
}

function choicesNow({ device, threads }: LlamaEngineOptions): EngineChoices {
  const { variant, cpuLibrary } = chooseLibraries(wantedVariants(process.env.ISHEEP_VARIANT ?? ''));
  return {
    device,
    threads: threads > 0 ? threads : os.availableParallelism(),
    variant,
    ...(cpuLibrary === null ? {} : { cpuLibrary }),
  };
}

/** The recorded choices; they make the same bytes only with the libraries that they were made with. */
function checkedChoices(now: EngineChoices, recorded: EngineChoices | undefined): EngineChoices {
  if (recorded === undefined) return now;
  for (const name of ['variant', 'cpuLibrary']) {
    if (recorded[name] === now[name]) continue;
    throw new IsheepError(
      'run-changed',
      `the run was started with the ${name} ${String(recorded[name])}, and this machine now uses ${String(now[name])}`,
      { hint: 'continue it on the machine and the installation that it was started on, or start a new run' },
    );
  }
  return recorded;
}
