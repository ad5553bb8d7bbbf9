import os from 'node:os';
import { expect, test } from 'vitest';

import { threadCount } from '../../../src/engine/thread-count.js';

test('a number of threads is taken as it is, and none means as many as there are cores', () => {
  expect(threadCount(3)).toBe(3);
  expect([threadCount(0), threadCount()]).toEqual([os.availableParallelism(), os.availableParallelism()]);
});
