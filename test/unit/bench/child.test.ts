import { execPath } from 'node:process';

import { expect, test } from 'vitest';

import { runJob } from '../../../src/bench/child.js';

/** A program that reads its job and does what `body` says with it. */
const program = (body: string) => [
  '-e',
  `const job = JSON.parse(require('fs').readFileSync(process.argv[1])); ${body}`,
];

test('a program gets its job, and its last line is what it measured', () => {
  const run = runJob({ n: 2 }, execPath, program(`console.log('warming up'); console.log(JSON.stringify(job.n + 1))`));
  expect(run).toEqual({ measured: 3 });
});

test('a program that fails, or is ended, says why', () => {
  const failed = runJob({}, execPath, program(`console.error('first'); console.error('no weights'); process.exit(1)`));
  expect(failed).toBe('no weights');
  const ended = runJob({}, execPath, program(`process.kill(process.pid, 'SIGKILL')`));
  expect(ended).toBe('it was ended by SIGKILL, as the system does where memory runs out');
  expect(runJob({}, '/nowhere/program', [])).toMatch(/ENOENT/);
});
