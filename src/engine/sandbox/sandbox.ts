// Where programs that a model wrote are run. The best isolation that this machine offers is found by trying, and named; where
// there is none, nothing is run, unless the user says so.
import os from 'node:os';

import { IsheepError } from '../../shared/errors.js';
import { type Isolation, isolations, runInJail, SetupFailed } from './jail.js';
import { whyNot } from './probe.js';
import type { ProgramRun, RunOptions, RunProgram } from './program-run.js';
import { findPython, type Python } from './python.js';

export interface SandboxOptions {
  /** Whether programs may run without isolation, with limits of time, memory and output only, where nothing else can be had. */
  unsandboxed?: boolean;
  /** To try, the best one first. */
  isolations?: readonly Isolation[];
  /** A command; python3 of the PATH by default. */
  python?: string;
  /** Programs at a time; as many as there are processors by default. */
  parallel?: number;
}

export interface Sandbox {
  isolation: Isolation;
  /** For the results: isolation and Python, on which a verdict may depend. */
  about: string;
  run: RunProgram;
}

/** Throws `no-sandbox` that says of each kind of isolation why it cannot be had, or that there is no Python. */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  if (process.platform === 'win32') {
    throw new IsheepError('no-sandbox', 'programs cannot be run on Windows', { hint: 'use WSL 2, which is a Linux' });
  }
  const python = await findPython(options.python);
  const isolation = await bestIsolation(
    [...(options.isolations ?? isolations), ...(options.unsandboxed ? ['none' as const] : [])],
    python,
  );
  const takeTurn = turns(options.parallel ?? os.availableParallelism());
  return {
    isolation,
    about: `Python ${python.version}, ${isolation === 'none' ? 'not isolated' : `isolated by ${isolation}`}`,
    run: (program, runOptions) => takeTurn(() => runOnce(program, isolation, python, runOptions)),
  };
}

async function bestIsolation(wanted: readonly Isolation[], python: Python): Promise<Isolation> {
  const reasons: string[] = [];
  for (const isolation of wanted) {
    const reason = await whyNot(isolation, python);
    if (reason === undefined) return isolation;
    reasons.push(`${isolation}: ${reason}`);
  }
  throw new IsheepError('no-sandbox', `nothing here can shut in a program that a model wrote. ${reasons.join('; ')}`, {
    hint: 'allow user namespaces, or take Linux 6.2 or later with Landlock; --unsandboxed runs programs with your rights',
  });
}

async function runOnce(
  program: string,
  isolation: Isolation,
  python: Python,
  options: RunOptions,
): Promise<ProgramRun> {
  try {
    return await runInJail(program, isolation, python, options);
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error;
    throw new IsheepError('no-sandbox', `a program could not be shut in any more (${isolation}): ${error.message}`, {
      hint: 'nothing was run; see whether memory, disk or processes have run out',
      cause: error,
    });
  }
}

/** Runs jobs in the order in which they come, at most `most` at a time. */
function turns(most: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (job) => {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
