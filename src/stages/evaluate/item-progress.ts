// Progress in items, where a model that is asked several times an item counts requests.
import type { CallOptions } from '../../engine/engine.js';

/** The options of a call, its progress counted otherwise. `items`: how many are done when so many requests of the call are. */
export function inItems(call: CallOptions, items: (requests: number) => number): CallOptions {
  const { onProgress, ...rest } = call;
  if (onProgress === undefined) return rest;
  return {
    ...rest,
    onProgress: ({ done, tokens, remembered = 0 }) => {
      onProgress({ done: items(done), tokens, remembered: items(remembered) - items(0) });
    },
  };
}
