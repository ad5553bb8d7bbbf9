// Progress of a method in pairs: how many requests a pair needs is its own business.
import type { CallOptions } from '../../engine/engine.js';

/** The call's options, with progress counted in `pairs` where the engine counts `requests`. */
export function inPairs({ signal, onProgress }: CallOptions, pairs: number, requests: number): CallOptions {
  return {
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: ({ done, tokens }) => onProgress({ done: Math.floor((done * pairs) / requests), tokens }),
    }),
  };
}
