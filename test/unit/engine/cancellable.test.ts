// Long native calls that a person may end.
import { expect, test, vi } from 'vitest';

import { cancellable } from '../../../src/engine/cancellable.js';

test('a call that runs is cancelled by its signal, and one that ended is not', async () => {
  const controller = new AbortController();
  const cancel = vi.fn();
  let end: (value: string) => void = () => undefined;
  const call = cancellable(cancel, controller.signal, () => new Promise<string>((resolve) => (end = resolve)));
  controller.abort();
  expect(cancel).toHaveBeenCalledTimes(1);
  end('what it had');
  expect(await call).toBe('what it had');

  const later = new AbortController();
  expect(await cancellable(cancel, later.signal, () => Promise.resolve('done'))).toBe('done');
  later.abort();
  expect(cancel).toHaveBeenCalledTimes(1);
});

test('a call is not begun where its signal was aborted before', async () => {
  const call = vi.fn(() => Promise.resolve());
  const begun = cancellable(() => undefined, AbortSignal.abort(), call);
  await expect(begun).rejects.toMatchObject({ code: 'interrupted' });
  expect(call).not.toHaveBeenCalled();
});

test('a failed call leaves nothing that waits for the end of the process', async () => {
  const listeners = process.listenerCount('exit');
  await expect(
    cancellable(
      () => undefined,
      undefined,
      () => Promise.reject(new Error('broken')),
    ),
  ).rejects.toThrow('broken');
  expect(process.listenerCount('exit')).toBe(listeners);
});
