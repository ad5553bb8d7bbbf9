// The Python that programs run under: python3 of the PATH, and the folders that it needs to see.
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { IsheepError } from '../../shared/errors.js';

export interface Python {
  executable: string;
  version: string;
  /** Folders with its standard library and the system's libraries; nothing of the user's. */
  readable: string[];
}

/** Before this one, there is no way to execute what HumanEval's own tests are written in. */
const leastVersion = [3, 8] as const;
const systemFolders = ['/usr', '/lib', '/lib32', '/lib64', '/nix/store', '/gnu/store'];

/** Also asks for what programs use: a system may come with a Python that has half of its library. The shim of a version manager needs the user's environment; what it starts tells where it really is. */
const question = `
import ctypes, json, resource, sys
import collections, decimal, hashlib, heapq, itertools, math, os, random, re, string, threading, typing
folders = [entry for entry in sys.path if entry.startswith("/")]
for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
    folders += [prefix + "/lib", prefix + "/lib64"]
print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3]), "folders": folders}))
`;

/** Throws `no-sandbox` where there is no python3, or one that cannot do it. */
export async function findPython(command = 'python3'): Promise<Python> {
  const { executable, version, folders } = await ask(command);
  const [major = 0, minor = 0] = version;
  if (major !== leastVersion[0] || minor < leastVersion[1]) {
    throw new IsheepError('no-sandbox', `${executable} is Python ${version.join('.')}`, {
      hint: `programs need Python ${leastVersion.join('.')} or later as python3 on the PATH`,
    });
  }
  return { executable, version: version.join('.'), readable: outermost([...systemFolders, ...folders]) };
}

async function ask(command: string): Promise<{ executable: string; version: number[]; folders: string[] }> {
  try {
    const { stdout } = await promisify(execFile)(command, ['-E', '-s', '-S', '-c', question], { timeout: 30_000 });
    return JSON.parse(stdout) as Awaited<ReturnType<typeof ask>>;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    const why = missing ? `there is no ${command} on the PATH` : `${command} does not run: ${said ?? String(error)}`;
    throw new IsheepError('no-sandbox', `programs are checked by running them, and ${why}`, {
      hint: 'install Python 3.8 or later (Debian and Ubuntu: the package python3) so that python3 is on the PATH',
      cause: error,
    });
  }
}

/** Those that exist, links and what they lead to, without those inside another one. */
function outermost(folders: readonly string[]): string[] {
  const existing = folders.filter((folder) => folder !== '/' && existsSync(folder));
  const all = [...new Set(existing.flatMap((folder) => [path.resolve(folder), realpathSync(folder)]))].sort();
  return all.filter((folder) => !all.some((other) => other !== folder && folder.startsWith(`${other}/`)));
}
