// What a local model is opened with.
import type { BatchSettings } from './batch-policy.js';

export interface ModelOptions {
  path: string;
  /** auto (the default), cpu, cuda, vulkan or metal. */
  device?: string;
  /** 0 (the default): as many as the machine has cores. */
  threads?: number;
  /** A chat template (a name, a file, or its text), instead of the model's own. */
  chatTemplate?: string | undefined;
  /** Tokenizing and chat templates only: no weights. */
  vocabularyOnly?: boolean;
  /** Bytes that copies of the weights in BF16 may take, which make products faster where the processor has them; 0: none.
   *  Default: an eighth of the memory. */
  packedBytes?: number;
  batch?: Partial<BatchSettings>;
}
