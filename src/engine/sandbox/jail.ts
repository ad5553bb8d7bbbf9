// One program in jail.py: a process of its own, an empty folder that goes with it, and its answer.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { IsheepError } from '../../shared/errors.js';
import { packageRoot } from '../../shared/package-root.js';
import type { ProgramRun, RunOptions } from './program-run.js';
import type { Python } from './python.js';

/** How a program is shut in; from the one that shows it least. */
export const isolations = ['namespaces', 'landlock'] as const;
export type Isolation = (typeof isolations)[number] | 'none';

export const limits = {
  /** As HumanEval's own program: of the program's time, in which it computes, sleeps or waits for its files. */
  seconds: 3,
  /** What Python, a large table and a wrong turn need; a few of them at once still fit into a small laptop. */
  memoryBytes: 2 * 2 ** 30,
  /** Of one file, and of all together. */
  fileBytes: 16 * 2 ** 20,
  files: 256,
  outputBytes: 16 * 2 ** 20,
  /** The end of what it said, for a person. */
  shownBytes: 2000,
};

/** By the clock, as a multiple of the limit: on a busy machine a program waits for its turn, which is not held against it. */
const patience = 10;
/** For starting and ending around that. */
const graceSeconds = 10;

const script = path.join(packageRoot, 'src/engine/sandbox/jail.py');

/** What jail.py says: what became of the program, or why nothing was run. */
type Answer = { outcome: ProgramRun['outcome']; detail: string; said: string } | { setup: string };

/** Thrown where the program was not run, since it could not be shut in. */
export class SetupFailed extends Error {}

export async function runInJail(
  program: string,
  isolation: Isolation,
  python: Python,
  { seconds = limits.seconds, signal }: RunOptions,
): Promise<ProgramRun> {
  checkNotInterrupted(signal);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-program-'));
  const wallSeconds = patience * seconds;
  const request = {
    method: isolation,
    folder,
    readable: python.readable,
    program,
    limits: { ...limits, seconds, wallSeconds },
  };
  try {
    const { text, late } = await converse(python.executable, JSON.stringify(request), wallSeconds, signal);
    checkNotInterrupted(signal);
    if (late) return { outcome: 'timed-out', detail: `it took more than ${wallSeconds} s by the clock` };
    return readAnswer(text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkNotInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new IsheepError('interrupted', 'interrupted while a program ran');
}

function readAnswer(text: string): ProgramRun {
  let answer: Answer;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    // Only where nothing shuts it in: the program ended its supervisor.
    return { outcome: 'failed', detail: 'it ended the process that watched it' };
  }
  if ('setup' in answer) throw new SetupFailed(answer.setup);
  const detail = [answer.detail, answer.said.trim()].filter((part) => part !== '').join('\n');
  return { outcome: answer.outcome, detail };
}

function converse(
  executable: string,
  request: string,
  wallSeconds: number,
  signal: AbortSignal | undefined,
): Promise<{ text: string; late: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(executable, ['-s', '-S', script], {
      // A fixed order of sets, so that a program has the same verdict each time.
      env: { PYTHONHASHSEED: '0', PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' },
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let late = false;
    const end = () => child.kill('SIGKILL');
    const timer = setTimeout(
      () => {
        late = true;
        end();
      },
      (wallSeconds + graceSeconds) * 1000,
    );
    signal?.addEventListener('abort', end);
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => errors.push(data));
    child.stdin.on('error', () => undefined); // It ended before it had read all; its exit says the rest.
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      const words = Buffer.concat(errors).toString('utf8').trim();
      if (code !== 0 && code !== null) reject(new SetupFailed(words.split('\n').at(-1) ?? `exit status ${code}`));
      else resolve({ text: Buffer.concat(out).toString('utf8'), late });
    });
    child.stdin.end(request);
  });
}
