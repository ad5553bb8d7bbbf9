// Starts a run in a process of its own and ends it, without a warning, when a given event appears.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

import type { Config } from '../../src/config/schema.js';
import type { RunEvent } from '../../src/pipeline/events.js';

export interface ChildRun {
  runDir: string;
  config: Config;
  modelPath: string;
  /** remote: the real one, with the endpoint at config.baseUrl. */
  engine: 'fake' | 'tiny' | 'real' | 'remote';
}

export interface ChildResult {
  /** Whether it was killed; false where it ended before the event came. */
  killed: boolean;
  exitCode: number | null;
  events: RunEvent[];
  error?: { code: string; message: string };
}

/** Runs until `isMoment` says so of an event, or to the end where it never does. */
export async function runInChild(
  run: ChildRun,
  isMoment: (event: RunEvent) => boolean = () => false,
): Promise<ChildResult> {
  const { runDir, config, modelPath, engine } = run;
  const loader = path.join(import.meta.dirname, 'typescript-loader.mjs');
  const script = path.join(import.meta.dirname, 'run-child.ts');
  const words = ['--import', loader, script, JSON.stringify({ runDir, config, modelPath, engine })];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const result: ChildResult = { killed: false, exitCode: null, events: [] };
  for await (const line of createInterface({ input: child.stdout })) {
    const printed = JSON.parse(line) as RunEvent | { error: { code: string; message: string } };
    if ('error' in printed) result.error = printed.error;
    else {
      result.events.push(printed);
      if (isMoment(printed)) child.kill('SIGKILL');
    }
  }
  const [exitCode, signal] = await ended;
  return { ...result, exitCode, killed: signal === 'SIGKILL' };
}
