// A measured program in a process of its own, so that its memory is its own: it gets the name of a job file and prints
// what it measured as one line of JSON.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the program measured, or in a text why it gave nothing. */
export function runJob(job: object, program: string, words: readonly string[]): { measured: unknown } | string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-bench-'));
  try {
    const file = path.join(folder, 'job.json');
    writeFileSync(file, JSON.stringify(job));
    const run = spawnSync(program, [...words, file], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (run.signal === 'SIGKILL') return `it was ended by SIGKILL, as the system does where memory runs out`;
    if (run.signal) return `it was ended by ${run.signal}`;
    if (run.status !== 0) return run.error?.message ?? lastLine(run.stderr);
    return { measured: JSON.parse(lastLine(run.stdout)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same for a program of ours beside this file, compiled or not. */
export function runOwnJob(job: object, name: string): { measured: unknown } | string {
  const program = fileURLToPath(new URL(`./${name}${path.extname(import.meta.url)}`, import.meta.url));
  return runJob(job, process.execPath, [...process.execArgv, program]);
}

export function readJob(): unknown {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
