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

test('where llama.cpp ends the process, it says why: what it has logged too', () => {
  const { stderr, signal } = spawnSync(testProgram('isheep-tests'), ['--abort'], { encoding: 'utf8' });
  expect(stderr).toMatch(/^llama\.cpp ended the process: .*main\.cpp:\d+: cannot go on: .*no such file\.gguf.*$/m);
  expect(signal).toBe('SIGABRT');
});
