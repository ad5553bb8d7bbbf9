// The engine over llama.cpp on this machine: opens models and trainers for the pipeline and the commands.
import os from 'node:os';

import { chooseLibraries } from '../native/library-choice.js';
import { loadAddon, wantedVariants } from '../native/load-addon.js';
import { IsheepError, fromNative } from '../shared/errors.js';
import type { EngineChoices, EngineFactory, OpenTrainer } from './engine-factory.js';
import { resolveModel } from './known-models.js';
import { loadModel, type ModelOptions } from './model.js';
import { createTrainer } from './trainer.js';

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
    check: () => checkTrainable(options),
    choose: (recorded) => Promise.resolve(checkedChoices(choicesNow(options), recorded)),
    openModel: (choices) => loadModel({ ...modelOptions(options), threads: Number(choices.threads) }),
    openTrainer: (choices) => openTrainer(options, Number(choices.threads)),
  };
}

/** All that a training needs of the base, from its header: a run must not find out after hours. */
async function checkTrainable(options: LlamaEngineOptions): Promise<void> {
  const { path } = modelOptions(options);
  const model = await loadModel({ ...modelOptions(options), vocabularyOnly: true });
  await model.dispose();
  if (!model.hasChatTemplate) {
    throw new IsheepError(
      'bad-config',
      `the model ${path} has no chat template, and pairs are trained as one writes them`,
      {
        hint: 'give one with --chat-template NAME|FILE',
      },
    );
  }
  try {
    loadAddon().checkTrainable(path);
  } catch (error) {
    throw fromNative(error);
  }
}

async function openTrainer(options: LlamaEngineOptions, threads: number): Promise<OpenTrainer> {
  const { path: modelPath } = modelOptions(options);
  const tokenizer = await loadModel({ ...modelOptions(options), vocabularyOnly: true });
  const tokenizeExample = tokenizer.exampleTokens.bind(tokenizer);
  const trainer = createTrainer({ modelPath, device: options.device, threads, tokenizeExample });
  return { train: (job) => trainer.train(job), dispose: () => tokenizer.dispose() };
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
