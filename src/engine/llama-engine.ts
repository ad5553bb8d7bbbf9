// The engine over llama.cpp on this machine: opens models and trainers for the pipeline and the commands.
import { chooseLibraries } from '../native/library-choice.js';
import { wantedVariants } from '../native/load-addon.js';
import { IsheepError } from '../shared/errors.js';
import type { BatchSettings } from './batch-policy.js';
import type { EngineChoices, EngineFactory, OpenTrainer } from './engine-factory.js';
import { resolveModel } from './known-models.js';
import { compareMerged, mergeAdapters, mergedBytes, type MergeEngineOptions } from './merge.js';
import { packedBytesByMemory } from './memory.js';
import { loadModel, type Model } from './model.js';
import type { ModelOptions } from './model-options.js';
import { threadCount } from './thread-count.js';
import { checkTrainable, createTrainer, forecastTraining } from './trainer.js';

export interface LlamaEngineOptions {
  /** A known name or a path. */
  model: string;
  device: string;
  /** 0: as many as the machine has cores. */
  threads: number;
  chatTemplate?: string;
  /** Bytes that copies of the weights in BF16 may take; default: an eighth of the memory. */
  packedBytes?: number;
  /** Bounds of what is chosen from the requests and the memory. */
  batch?: Partial<BatchSettings>;
}

export function createLlamaEngine(options: LlamaEngineOptions): EngineFactory {
  return {
    check: (use) => check(options, use),
    choose: (recorded) => Promise.resolve(checkedChoices(choicesNow(options), recorded)),
    // A run that was started before there were such copies goes on without them.
    openModel: ({ threads, packedBytes = 0 }) =>
      loadModel({ ...modelOptions(options), threads: Number(threads), packedBytes: Number(packedBytes) }),
    forecastTraining: ({ threads }, settings) =>
      forecastTraining(
        { modelPath: resolveModel(options.model), device: options.device, threads: Number(threads) },
        settings,
      ),
    openTrainer: (choices) => openTrainer(options, Number(choices.threads)),
    merge: ({ threads }, job) => mergeAdapters(mergeOptions(options, Number(threads)), job),
    mergedBytes: (type) => mergedBytes(resolveModel(options.model), type),
    compareMerged: ({ threads }, job) => compareMerged(mergeOptions(options, Number(threads)), job),
    openTokenizer: () => openVocabulary(options),
  };
}

async function check(options: LlamaEngineOptions, use: 'training' | undefined): Promise<void> {
  const model = await openVocabulary(options);
  try {
    if (use !== 'training') return;
    checkTrainable(resolveModel(options.model));
    if (!model.hasChatTemplate) {
      throw new IsheepError('bad-config', `${options.model} has no chat template, so its pairs cannot be trained on`, {
        hint: 'choose one with --chat-template NAME|FILE',
      });
    }
  } finally {
    await model.dispose();
  }
}

/** The trainer, and the vocabulary that turns its examples into tokens. */
async function openTrainer(options: LlamaEngineOptions, threads: number): Promise<OpenTrainer> {
  const vocabulary = await openVocabulary(options);
  const trainer = createTrainer({
    modelPath: resolveModel(options.model),
    tokenizeExample: (example) => vocabulary.exampleTokens(example),
    device: options.device,
    threads,
  });
  return { train: (job) => trainer.train(job), dispose: () => vocabulary.dispose() };
}

/** Tokens and chat templates only, no weights. */
function openVocabulary(options: LlamaEngineOptions): Promise<Model> {
  return loadModel({ ...modelOptions(options), vocabularyOnly: true });
}

function modelOptions({ model, device, threads, chatTemplate, batch }: LlamaEngineOptions): ModelOptions {
  return {
    path: resolveModel(model),
    device,
    threads,
    chatTemplate,
    ...(batch === undefined ? {} : { batch }),
  };
}

function mergeOptions(options: LlamaEngineOptions, threads: number): MergeEngineOptions {
  const { path, device = 'auto', ...rest } = modelOptions(options);
  return { ...rest, modelPath: path, device, threads };
}

function choicesNow({ device, threads, packedBytes = packedBytesByMemory() }: LlamaEngineOptions) {
  const { variant, cpuLibrary } = chooseLibraries(wantedVariants(process.env.ISHEEP_VARIANT ?? ''));
  return {
    device,
    threads: threadCount(threads),
    packedBytes,
    variant,
    ...(cpuLibrary === null ? {} : { cpuLibrary }),
  };
}

/** The recorded choices, but for the threads, which change no byte; they make the same bytes only with the libraries that they
 *  were made with. */
function checkedChoices(now: ReturnType<typeof choicesNow>, recorded: EngineChoices | undefined): EngineChoices {
  if (recorded === undefined) return now;
  for (const name of ['variant', 'cpuLibrary'] as const) {
    if (recorded[name] === now[name]) continue;
    throw new IsheepError(
      'run-changed',
      `the run was started with the ${name} ${String(recorded[name])}, and this machine now uses ${String(now[name])}`,
      { hint: 'continue it on the machine and the installation that it was started on, or start a new run' },
    );
  }
  return { ...recorded, threads: now.threads };
}
