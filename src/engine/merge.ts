// Adapters merged into their base: the file, and what it costs, measured against the base with its adapters live.
import type { NativeMergeReport } from '../native/addon-file-types.js';
import type { NativeModel, NativeRunner, NativeScoreRequest } from '../native/addon-types.js';
import { loadAddon } from '../native/load-addon.js';
import { fromNative, IsheepError } from '../shared/errors.js';
import type { Pair } from '../shared/rows.js';
import { taskPrompt } from '../shared/task-prompt.js';
import { refuseUnwritable } from '../shared/writable.js';
import { chooseBatchShape, defaultBatchSettings, type BatchSettings } from './batch-policy.js';
import { cancellable } from './cancellable.js';
import type { CallOptions } from './engine.js';
import { joinTokens } from './join-tokens.js';
import { loadModel, type Model } from './model.js';
import { threadCount } from './thread-count.js';

export interface ScaledAdapter {
  path: string;
  /** On top of the adapter's own alpha / rank. */
  scale: number;
}

export interface MergeJob {
  adapters: readonly (ScaledAdapter & { sha256: string })[];
  baseSha256: string;
  outPath: string;
  /** same: each tensor keeps its type; or q8_0, q4_k_m, f16… */
  type: string;
  /** Text of the template that the merged model talks by; default: the base's. */
  chatTemplate?: string;
  signal?: AbortSignal;
  /** Called as tensors are done. */
  onProgress?: (tensors: { done: number; total: number }) => void;
}

export type MergeReport = NativeMergeReport;

export interface CompareJob extends CallOptions {
  adapters: readonly ScaledAdapter[];
  mergedPath: string;
  pairs: readonly Pair[];
}

/** Sums over the tokens of a response, its end included where there is a chat template; nats. */
export interface ComparedScore {
  id: string;
  tokens: number;
  /** KL(base with adapters || merged). */
  divergence: number;
  /** -log p under the base, the base with its adapters, and the merged model. */
  loss: { base: number; adapter: number; merged: number };
}

export interface MergeEngineOptions {
  /** The base's file. */
  modelPath: string;
  device: string;
  /** 0: as many as the machine has cores. */
  threads: number;
  chatTemplate?: string | undefined;
  batch?: Partial<BatchSettings>;
}

/** Writes the merged model whole or not at all. Throws `bad-config`, `bad-input`, `adapter-mismatch`, `unsupported-model`,
 *  `not-enough-disk` before anything is written, or `interrupted`. */
export async function mergeAdapters({ modelPath, threads }: MergeEngineOptions, job: MergeJob): Promise<MergeReport> {
  if (job.signal?.aborted === true) throw new IsheepError('interrupted', 'interrupted');
  const { adapters, baseSha256, outPath: output, type, chatTemplate = '' } = job;
  refuseUnwritable(output);
  const given = adapters.map(({ path, scale, sha256 }) => ({ path, scale, sha256 }));
  try {
    const merge = loadAddon().mergeAdapters(
      { base: modelPath, baseSha256, adapters: given, output, type, chatTemplate, threads: threadCount(threads) },
      (tensors) => job.onProgress?.(tensors),
    );
    return await cancellable(
      () => merge.cancel(),
      job.signal,
      () => merge.report,
    );
  } catch (error) {
    throw fromNative(error);
  }
}

/** Bytes of the file that a merge would write. */
export function mergedBytes(modelPath: string, type: string): number {
  return withNativeErrors(() => loadAddon().mergedBytes(modelPath, type));
}

/** What an adapter says of itself: keys such as isheep.run. Throws `adapter-mismatch` where it is no LoRA adapter. */
export function adapterMetadata(path: string): Readonly<Record<string, string>> {
  return withNativeErrors(() => loadAddon().adapterMetadata(path));
}

/** Compares the merged model with the base and its adapters. Pairs that are longer than the model's context are left out. */
export async function compareMerged(options: MergeEngineOptions, job: CompareJob): Promise<ComparedScore[]> {
  const requests = await requestsOf(options, job.pairs);
  const opened: NativeModel[] = [];
  const open = async (path: string) => {
    const model = await loadAddon().loadModel({ path, device: options.device, vocabularyOnly: false });
    opened.push(model);
    return model;
  };
  try {
    const base = await open(options.modelPath);
    const merged = await open(job.mergedPath);
    return requests.length === 0 ? [] : await compareModels(options, job, requests, base, merged);
  } catch (error) {
    throw fromNative(error);
  } finally {
    for (const model of opened) await model.dispose();
  }
}

/** Of each model: a step of a prompt has enough tokens of few sequences, and there are two caches. */
const mostSequences = 4;

type Request = NativeScoreRequest & { id: string };

async function compareModels(
  options: MergeEngineOptions,
  { adapters, signal, onProgress }: CompareJob,
  requests: readonly Request[],
  base: NativeModel,
  merged: NativeModel,
): Promise<ComparedScore[]> {
  const { parallel, ...settings } = { ...defaultBatchSettings, ...options.batch };
  const lengths = requests.map(({ tokens }) => tokens.length);
  const shape = chooseBatchShape(lengths, base.info.cacheBytesPerToken, {
    ...settings,
    parallel: Math.min(parallel, mostSequences),
  });
  const threads = threadCount(options.threads);
  const live = await base.createRunner({ ...shape, threads });
  const other = await merged.createRunner({ ...shape, threads });
  const cancel = () => {
    live.cancel();
    other.cancel();
  };
  await setAdapters(base, live, adapters);
  const compared = await cancellable(cancel, signal, () =>
    live.compare(other, requests, (done) => onProgress?.({ done, tokens: 0 })),
  );
  live.setAdapters([]);
  const alone = await cancellable(cancel, signal, () => live.score(requests, () => undefined));
  return requests.map(({ id }, i) => {
    const { divergences = [], logprobs = [], otherLogprobs = [] } = compared[i] ?? {};
    const loss = { base: -sum(alone[i]?.logprobs ?? []), adapter: -sum(logprobs), merged: -sum(otherLogprobs) };
    return { id, tokens: divergences.length, divergence: sum(divergences), loss };
  });
}

async function setAdapters(
  model: NativeModel,
  runner: NativeRunner,
  adapters: readonly ScaledAdapter[],
): Promise<void> {
  const loaded = [];
  for (const { path, scale } of adapters) loaded.push({ adapter: await model.loadAdapter(path), scale });
  runner.setAdapters(loaded);
}

/** The tokens of the pairs: as they are trained where there is a chat template, raw text otherwise. */
async function requestsOf(options: MergeEngineOptions, pairs: readonly Pair[]): Promise<Request[]> {
  const { modelPath, device, chatTemplate } = options;
  const vocabulary = await loadModel({ path: modelPath, device, vocabularyOnly: true, chatTemplate });
  try {
    return pairs
      .map((pair) => ({ id: pair.id, next: new Int32Array(), ...tokensOf(vocabulary, pair) }))
      .filter(({ tokens, context }) => context < tokens.length && tokens.length <= vocabulary.info.trainedContext);
  } finally {
    await vocabulary.dispose();
  }
}

function tokensOf(vocabulary: Model, pair: Pair): { tokens: Int32Array; context: number } {
  const { response } = pair;
  const prompt = taskPrompt(pair, vocabulary.hasChatTemplate);
  if ('messages' in prompt) return vocabulary.exampleTokens({ messages: prompt.messages, response });
  const context = vocabulary.promptTokens(prompt);
  return { tokens: joinTokens(context, vocabulary.continuationTokens(response)), context: context.length };
}

function withNativeErrors<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}
