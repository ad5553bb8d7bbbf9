// Long native calls that a person may end.
import { IsheepError } from '../shared/errors.js';

/** Runs a native call that an abort signal, or the end of the process, cancels. Throws `interrupted` where the signal was
 *  aborted before. */
export async function cancellable<T>(
  cancel: () => void,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  if (signal?.aborted === true) throw new IsheepError('interrupted', 'interrupted');
  signal?.addEventListener('abort', cancel);
  process.once('exit', cancel); // node waits for its threads, so a call that went on would hold up the end
  try {
    return await call();
  } finally {
    signal?.removeEventListener('abort', cancel);
    process.removeListener('exit', cancel);
  }
}
