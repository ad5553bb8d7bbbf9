// Progress of a method in pairs: how many requests a pair needs, and how long they are, is its own business.
import type { CallOptions, GenerateRequest, ScoreRequest } from '../../engine/engine.js';

/**
 * The call's options, with progress counted in `pairs` where the engine counts `requests`. They are computed in about their
 * order, and one counts by its characters: a response before a task takes ten times as long as the task alone, and all
 * the long ones come first, so that counting heads would tell a time left several times too long.
 */
export function inPairs(
  { signal, onProgress }: CallOptions,
  pairs: number,
  requests: readonly (GenerateRequest | ScoreRequest)[],
): CallOptions {
  if (onProgress === undefined) return { ...(signal && { signal }) };
  let sum = 0;
  const sums = [0, ...requests.map((request) => (sum += length(request)))];
  return {
    ...(signal && { signal }),
    onProgress: ({ done, tokens }) => {
      onProgress({ done: Math.floor((pairs * (sums[done] ?? sum)) / sum), tokens });
    },
  };
}

/** Characters, never 0. */
function length(request: GenerateRequest | ScoreRequest): number {
  const { prompt } = request;
  const written = 'continuation' in request ? request.continuation.length : 0;
  const asked = 'messages' in prompt ? prompt.messages.reduce((sum, { content }) => sum + content.length, 0) : 0;
  return 1 + written + ('text' in prompt ? prompt.text.length : asked);
}
