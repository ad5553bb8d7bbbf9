// The addon and the real model for native tests. One thread: on a machine with as many busy tests as cores, ggml's
// threads wait for each other at every operator, and a test takes a hundred times as long.
import type {
  NativeGenerateRequest,
  NativeModel,
  NativeRunner,
  NativeRunnerOptions,
} from '../../src/native/addon-types.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { realModelPath } from './models.js';

export const smallRunner: NativeRunnerOptions = {
  sequences: 3,
  sequenceTokens: 256,
  batchTokens: 128,
  microBatchTokens: 128,
  threads: 1,
};

export function loadRealModel(): Promise<NativeModel> {
  return loadAddon().loadModel({ path: realModelPath(), device: 'cpu', vocabularyOnly: false });
}

export function createSmallRunner(
  model: NativeModel,
  options: Partial<NativeRunnerOptions> = {},
): Promise<NativeRunner> {
  return model.createRunner({ ...smallRunner, ...options });
}

export function tokensOf(model: NativeModel, text: string): Int32Array {
  return model.tokenize([text], true)[0] as Int32Array;
}

/** A greedy request over a raw prompt. */
export function greedy(
  model: NativeModel,
  text: string,
  more: Partial<NativeGenerateRequest> = {},
): NativeGenerateRequest {
  return {
    tokens: tokensOf(model, text),
    maxTokens: 8,
    stop: [],
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 },
    seed: 1,
    ...more,
  };
}

/** Whether the processor has products with weights that are copied in BF16. */
export function hasPackedProducts(): boolean {
  return loadAddon().systemInfo().microKernel !== '';
}

export function nothing(): void {
  // For callbacks whose calls a test does not look at.
}
