// Models written again with other types of numbers.
import { loadAddon } from '../native/load-addon.js';
import { fromNative, IsheepError } from '../shared/errors.js';
import { threadCount } from './thread-count.js';

export interface RequantizeOptions {
  input: string;
  output: string;
  /** llama.cpp's name in lower case: q8_0, q4_k_m, f16, f32… */
  type: string;
  /** Every matrix of that very type; otherwise (the default) llama.cpp gives some tensors more bits. */
  pure?: boolean;
  /** 0 (the default): as many as the machine has cores. */
  threads?: number;
}

/** Writes `output` whole or not at all. Going down in bits loses precision, and going up does not bring it back. */
export async function requantize({ input, output, type, pure = false, threads = 0 }: RequantizeOptions): Promise<void> {
  if (!Number.isInteger(threads) || threads < 0 || threads > 1024) {
    throw new IsheepError('bad-config', `threads must be a whole number from 0 to 1024; it is ${threads}`);
  }
  try {
    const count = threadCount(threads);
    await loadAddon().requantize({ input, output, type, pure, threads: count });
  } catch (error) {
    throw fromNative(error);
  }
}
