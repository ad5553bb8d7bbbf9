// Runs the C++ tests and shows what they print.
import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { testProgram } from '../support/test-program.js';

test('the C++ tests pass', { timeout: 600_000 }, () => {
  const { stdout, stderr, status } = spawnSync(testProgram('isheep-tests'), { encoding: 'utf8' });
  process.stdout.write(stdout + stderr);
  expect(stdout).toMatch(/^[1-9]\d* passed, 0 failed$/m);
  expect(status).toBe(0);
});
