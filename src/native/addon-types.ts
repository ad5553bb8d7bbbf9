// The whole native surface, as the addon exports it. Only src/native/ and src/engine/ use it; the façade in src/engine/
// checks every argument, so the addon may take them as given. Every promise rejects, and every method throws, with an
// Error that carries `code` and `hint` (native/common/status.h). What works on files is in addon-file-types.ts, training of all
// weights in addon-full-trainer-types.ts.
import type { NativeFullTrainer, NativeFullTrainerOptions } from './addon-full-trainer-types.js';
import type { NativeMerge, NativeMergeOptions, NativeRequantizeOptions } from './addon-file-types.js';

export interface DeviceInfo {
  name: string;
  description: string;
  backend: string;
  isGpu: boolean;
  freeBytes: number;
  totalBytes: number;
}

export interface SystemInfo {
  llamaVersion: string;
  features: string;
  /**
   * Instructions of our own kernel for products on the CPU (native/common/micro-kernel.h); '' where the processor lacks
   * them, and ggml multiplies.
   */
  microKernel: string;
  devices: DeviceInfo[];
}

export interface Addon {
  /**
   * Loads ggml's backends out of `directory`. Once a process. `cpuLibrary`: path of the CPU library to use instead of
   * ggml's choice; then nothing but it and `otherLibraries` is loaded. `otherLibraries`: paths of backend plug-ins besides
   * the CPU's; of those with one file name, the first that loads. Returns why some did not load, one text each.
   */
  loadBackends(options: { directory: string; cpuLibrary?: string; otherLibraries?: readonly string[] }): string[];
  /** Small products on the CPU; may kill the process where the CPU library does not suit the processor. */
  tryProducts(): void;
  /** The same on every GPU; kills the process where the driver does not suit the library. */
  tryGpuProducts(): void;
  systemInfo(): SystemInfo;
  /** Throws `bad-input` where a grammar cannot be read or followed. */
  checkGrammar(grammar: string): void;
  loadModel(options: NativeModelOptions): Promise<NativeModel>;
  kMeans(options: NativeKMeansOptions): Promise<NativeClustering>;
  createTrainer(options: NativeTrainerOptions): Promise<NativeTrainer>;
  /** What a trainer would take and choose, without making one; rejects with `not-enough-memory` as making one would. */
  forecastTraining(options: NativeForecastOptions): Promise<NativeMemoryPlan>;
  /** llama.cpp's own finetune of a whole float model. */
  createFullTrainer(options: NativeFullTrainerOptions): Promise<NativeFullTrainer>;
  /** Throws where the model cannot be trained (its architecture, its tensors); reads the header of the file alone. */
  checkTrainable(path: string): void;
  /** Writes a model again with other types of numbers, whole or not at all. */
  requantize(options: NativeRequantizeOptions): Promise<void>;
  /** Writes a base with its adapters merged in, whole or not at all. `onProgress` gets the number of tensors. */
  mergeAdapters(
    options: NativeMergeOptions,
    onProgress: (tensors: { done: number; total: number }) => void,
  ): NativeMerge;
  /** Bytes that a merge into `type` would have, but for the metadata; reads the header of the file alone. */
  mergedBytes(base: string, type: string): number;
  /** The keys with texts of an adapter that are its own ("isheep.run"…). */
  adapterMetadata(path: string): Record<string, string>;
}

// ---- inference ----------------------------------------------------------------------------------------------------

export interface NativeModelOptions {
  path: string;
  device: string;
  /** Read the vocabulary and metadata only: tokenizing and chat templates work, nothing else does. */
  vocabularyOnly: boolean;
  /** What the weights may take once more, packed in BF16 for faster products (native/inference/packed-products.h); they are not
   *  packed where they would take more, or on other processors and devices. Default: 0. */
  packedBytes?: number;
}

export interface NativeModelInfo {
  architecture: string;
  description: string;
  parameters: number;
  sizeBytes: number;
  vocabularySize: number;
  trainedContext: number;
  embeddingLength: number;
  layers: number;
  /** The Jinja text of tokenizer.chat_template; null where the GGUF has none. */
  chatTemplate: string | null;
  /** Token ids, -1 where the GGUF has none. */
  bos: number;
  eos: number;
  eot: number;
  addBos: boolean;
  /** Texts of the bos and eos tokens, which chat templates use; "" where there is none. */
  bosText: string;
  eosText: string;
  /** Bytes that a token takes in a runner's cache; 0 with vocabularyOnly. */
  cacheBytesPerToken: number;
  /** Tokens that only a template or a raw prompt may yield: the control tokens. User-defined ones are words of the
   *  vocabulary, in any text, as llama.cpp has it. The tokenizer drops white space left or right of some. */
  specialTokens: { id: number; text: string; stripsLeft: boolean; stripsRight: boolean }[];
  /** Tokens that end a generation. */
  endTokens: number[];
}

export interface NativeModel {
  readonly info: NativeModelInfo;
  /** Tokens of each text, never with BOS. `special`: whether texts of special tokens become those tokens. */
  tokenize(texts: readonly string[], special: boolean): Int32Array[];
  /** Text of the tokens, special ones left out. */
  detokenize(tokens: Int32Array): string;
  loadAdapter(path: string): Promise<NativeAdapter>;
  createRunner(options: NativeRunnerOptions): Promise<NativeRunner>;
  /** Frees the model once its runners and adapters are disposed; disposes those first. */
  dispose(): Promise<void>;
}

export interface NativeAdapter {
  dispose(): Promise<void>;
}

export interface NativeRunnerOptions {
  /** Sequences that run at the same time. */
  sequences: number;
  /** Tokens that each sequence may hold, prompt and generated. */
  sequenceTokens: number;
  /** Tokens of a logical batch and of the micro-batches that it is computed in. */
  batchTokens: number;
  microBatchTokens: number;
  threads: number;
  /** Whether equal beginnings of requests are computed once (the default) or for each. */
  sharePrefixes?: boolean;
  /** For `embed` alone; `generate` and `score` need a runner without it (the default). */
  embeddings?: boolean;
}

export interface NativeSampling {
  /** 0: the likeliest token, always. */
  temperature: number;
  /** 0: off. */
  topK: number;
  /** 1: off. */
  topP: number;
  /** 0: off. */
  minP: number;
}

export interface NativeGenerateRequest {
  tokens: Int32Array;
  maxTokens: number;
  stop: readonly string[];
  /** Tokens that end the text as a stop string does. */
  stopTokens?: Int32Array;
  /** GBNF; the text keeps to it. */
  grammar?: string;
  sampling: NativeSampling;
  /** The request's own random stream, 0 to 2^32 - 1. */
  seed: number;
  /** End as soon as the number that the text begins with is known, or that there is none. */
  untilNumber?: boolean;
  /** End where so many tokens, the last ones, were generated before; 0: never. */
  stopAtRepetition?: number;
}

export interface NativeCompletion {
  /** Index of the request in its call. */
  index: number;
  text: string;
  /** All that were generated, an end token or the tokens of the stop string included. */
  tokens: Int32Array;
  stop: 'end' | 'length' | 'string' | 'repetition';
  /** Sum of natural logs of the generated tokens' probabilities, the end token included, before sampling settings. */
  logprob: number;
  /** log p of each token, in nats, before sampling settings. */
  logprobs: Float64Array;
  /** log p that the text ends in the place of each token: of the sum over all end tokens. */
  endLogprobs: Float64Array;
}

export interface NativeScoreRequest {
  tokens: Int32Array;
  /** How many of `tokens`, from the front, are context; the rest are scored. At least 1. */
  context: number;
  /** Tokens whose probability is wanted at the last `places` positions; may be empty. */
  next: Int32Array;
  /** 1 (the default): after the last of `tokens` only; n: also after each of the n - 1 before it. */
  places?: number;
}

export interface NativeScore {
  /** log p of each scored token, in nats. */
  logprobs: Float64Array;
  /** log p of each token of `next` at each place, [places * next.length], in nats. */
  nextLogprobs: Float64Array;
}

export interface NativeEmbedRequest {
  tokens: Int32Array;
  /** How many of `tokens`, from the front, are read and do not count; fewer than all. */
  before: number;
}

/** Of each scored token of a request. */
export interface NativeComparison {
  /** KL(this || other), nats. */
  divergences: Float64Array;
  logprobs: Float64Array;
  otherLogprobs: Float64Array;
}

/** One context over a model. One call runs at a time; a second is refused. */
export interface NativeRunner {
  /** Which adapters apply to the calls that follow. */
  setAdapters(adapters: readonly { adapter: NativeAdapter; scale: number }[]): void;
  /** `onCompletion` is called for finished requests as they finish; the promise yields all, in the order of requests. */
  generate(
    requests: readonly NativeGenerateRequest[],
    onCompletion: (completion: NativeCompletion) => void,
  ): Promise<NativeCompletion[]>;
  /** Scores of all requests in order; `onProgress` gets the number done so far. */
  score(requests: readonly NativeScoreRequest[], onProgress: (done: number) => void): Promise<NativeScore[]>;
  /** The mean of the last layer's vectors over each request's tokens, of length 1. */
  embed(requests: readonly NativeEmbedRequest[], onProgress: (done: number) => void): Promise<Float32Array[]>;
  /** This runner's distributions against another's on the same tokens (`next` is not read). Both are busy meanwhile. */
  compare(
    other: NativeRunner,
    requests: readonly NativeScoreRequest[],
    onProgress: (done: number) => void,
  ): Promise<NativeComparison[]>;
  /** Makes the running call reject with the code "interrupted" after the current batch. */
  cancel(): void;
  /** Cancels what runs, waits for it, frees the context. */
  dispose(): Promise<void>;
}

// ---- clusters ------------------------------------------------------------------------------------------------------

export interface NativeKMeansOptions {
  /** [n_points * dimensions], finite numbers, at least one point. */
  points: Float32Array;
  dimensions: number;
  /** A number in [0, 1) for each cluster, by which k-means++ draws its first centre. */
  draws?: Float64Array;
  /** First centres instead, [n_clusters * dimensions]. */
  centres?: Float32Array;
  maxIterations: number;
  threads: number;
}

export interface NativeClustering {
  /** The cluster of each point. */
  labels: Int32Array;
  /** [n_clusters * dimensions]; fewer clusters than draws where fewer points differ. */
  centres: Float32Array;
  /** Sum of squared distances of the points from their centres. */
  inertia: number;
  iterations: number;
  /** No point changed its cluster any more. */
  converged: boolean;
}

// ---- training -----------------------------------------------------------------------------------------------------

export interface NativeOptimizerOptions {
  learningRate: number;
  schedule: 'cosine' | 'linear' | 'constant';
  warmupSteps: number;
  totalSteps: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** What decides how much memory a training takes. */
export interface NativeForecastOptions {
  modelPath: string;
  device: string;
  threads: number;
  rank: number;
  /** Any of q, k, v, o, gate, up, down. */
  targets: readonly string[];
  /** Tokens computed at once; a longer sample makes a micro-batch of its own. */
  microBatchTokens: number;
  /** Tokens of the longest sample, by which memory is planned. */
  longestSample: number;
  /** What the process may have in all; 0: what is free beside it. */
  memoryBytes: number;
  /** What it has before. */
  processBytes: number;
  /** What is free beside it in the machine's memory; 0: unknown. A device with memory of its own is asked itself. */
  freeHostBytes: number;
  /** Which second copies of the weights are made; auto: the fastest that the memory allows. */
  copiedWeights: CopiedWeights | 'auto';
  /** What the backward pass needs of a layer is kept, or computed again; auto: kept in as many layers as the memory allows.
   *  The adapter is the same either way. */
  activations: 'auto' | 'keep' | 'recompute';
}

export interface NativeTrainerOptions extends NativeForecastOptions, NativeOptimizerOptions {
  alpha: number;
  rankStabilized: boolean;
  dropout: number;
  /** Of the initial A matrices (B is zero) and of dropout. */
  seed: number;
  /** An adapter to start from; "" for a fresh one. */
  initAdapterPath: string;
  /** sha256 of the model, where known: an adapter to start from that names another base is refused. */
  baseSha256?: string;
  /** Global norm that gradients are clipped to; 0: never. */
  maxGradNorm: number;
  /** Measures where time goes, which makes training a little slower. */
  profile?: boolean;
}

/** none: each matrix is transposed anew in every micro-batch; transposed: copies for the backward product; all: for the
 *  forward product, too, where the processor has a faster form. */
export type CopiedWeights = 'none' | 'transposed' | 'all';

/** Bytes, except for the first. */
export interface NativeMemoryPlan {
  copiedWeights: CopiedWeights;
  /** What it has before, and what libraries and heap come to. */
  process: number;
  /** The model's file. */
  mapped: number;
  copies: number;
  /** Parameters, gradients, moments, working copies. */
  adapter: number;
  graphs: number;
  activations: number;
  /** While copies are made, before there are graphs and activations. */
  copying: number;
  /** The peak: process, mapped, copies, adapter, and the larger of copying and graphs with activations. */
  total: number;
}

export interface NativeSample {
  tokens: Int32Array;
  /** How many tokens from the front are context, without loss. At least 1. */
  context: number;
  /** What errors call it; its index without one. */
  id?: string;
  /** How much the loss of each of its tokens counts in `step`, above 0; 1 without one. */
  weight?: number;
}

export interface NativeStep {
  /** Mean over the loss tokens, by weight, nats. */
  loss: number;
  gradNorm: number;
  learningRate: number;
  tokens: number;
  lossTokens: number;
}

export interface NativeLoss {
  /** Sum over the loss tokens, nats. */
  loss: number;
  lossTokens: number;
}

/** LoRA training on a GGUF. One call runs at a time; a second is refused. */
export interface NativeTrainer {
  /** Optimizer steps made so far, checkpoints included. */
  readonly steps: number;
  /** What memory was planned and chosen when the trainer was made. */
  readonly memoryPlan: NativeMemoryPlan;
  /** Where time went, by part; empty without `profile`. */
  readonly secondsByPart: Record<string, number>;
  /** Hash of the model's bytes. */
  readonly baseFingerprint: string;
  /** One optimizer step over `samples`: the loss is normalized over all their response tokens, by weight. Rejects with
   *  `training-diverged`, naming the sample, where a loss or a gradient is no finite number; nothing has changed then. */
  step(samples: readonly NativeSample[]): Promise<NativeStep>;
  /** The loss of each sample without training, whatever its weight; `adapter` false: of the base. */
  evaluate(samples: readonly NativeSample[], adapter: boolean): Promise<NativeLoss[]>;
  /** The trainer's own forward pass: logits of every position, [n_tokens * n_vocab], row after row. */
  logits(tokens: Int32Array): Promise<Float32Array>;
  /** Remembers the adapter as it is now; checkpoints hold it too. */
  keepBest(): Promise<void>;
  /** Writes llama.cpp's LoRA GGUF, whole or not at all; `metadata` adds string keys ("isheep.base.sha256"…); `best`: the
   *  adapter of the last keepBest(). */
  saveAdapter(path: string, metadata: Readonly<Record<string, string>>, best: boolean): Promise<void>;
  /** Adapter, best adapter, moments and step count, whole or not at all. */
  saveCheckpoint(path: string): Promise<void>;
  loadCheckpoint(path: string): Promise<void>;
  /** Makes the running call reject with the code "interrupted" after the current micro-batch. */
  cancel(): void;
  dispose(): Promise<void>;
}
