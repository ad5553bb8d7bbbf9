import { expect, test } from 'vitest';

import { isheep } from './support.js';

test('a form is refused where the benchmark is defined by one, with those that have a choice', async () => {
  const { exitCode, stderr } = await isheep('evaluate knowledge --form chat');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--form chat: knowledge asks in the one form that it is defined by');
  expect(stderr).toContain('only triviaqa, nq-open, squad2 can be asked in either form');
});
