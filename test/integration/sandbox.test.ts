// What a program that a model wrote can do to this machine: nothing. Each kind of isolation must hold against each attack, or
// be refused where the machine does not offer it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { type Isolation, isolations, limits } from '../../src/engine/sandbox/jail.js';
import type { ProgramRun } from '../../src/engine/sandbox/program-run.js';
import { openSandbox, type Sandbox } from '../../src/engine/sandbox/sandbox.js';
import { IsheepError } from '../../src/shared/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

type Outcome = ProgramRun['outcome'];

/** Opened, or the refusal. */
async function open(isolation: Isolation): Promise<Sandbox | IsheepError> {
  try {
    return await openSandbox({ isolations: [isolation] });
  } catch (error) {
    expect(error).toBeInstanceOf(IsheepError);
    return error as IsheepError;
  }
}

const says = (text: string) => `print(${JSON.stringify(text)}, flush=True)`;

/** Programs, what becomes of each, and what its detail says. */
const attacks: [name: string, program: string, outcome: Outcome, detail?: RegExp][] = [
  ['forks without end', 'import os\nwhile True:\n    os.fork()', 'failed', /PermissionError/],
  [
    'forks without end, whatever it is told',
    'import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass',
    'timed-out',
  ],
  ['starts threads without end', threads(), 'failed', /RuntimeError/],
  ['fills the disk with one file', 'f = open("a", "wb")\nwhile True:\n    f.write(bytes(1 << 20))', 'failed'],
  [
    'fills the disk with many files',
    'n = 0\nwhile True:\n    n += 1\n    open(f"a{n}", "wb").write(bytes(1 << 20))',
    'failed',
  ],
  ['fills the disk with names', 'n = 0\nwhile True:\n    n += 1\n    open(f"a{n}", "w").close()', 'failed'],
  ['sleeps', 'import time\ntime.sleep(60)', 'timed-out', /more than 1 s/],
  ['computes without end', 'while True:\n    pass', 'timed-out', /more than 1 s/],
  ['opens a socket', 'import socket\nsocket.create_connection(("127.0.0.1", 80))', 'failed', /PermissionError/],
  ['prints a gigabyte', 'for _ in range(1 << 14):\n    print("x" * (1 << 16))', 'too-much-output'],
  ['allocates 100 GB', 'x = bytearray(100 * 10**9)', 'out-of-memory'],
  ['takes more and more memory', 'x = []\nwhile True:\n    x.append(bytes(1 << 20))', 'out-of-memory'],
  ['reads the passwords', 'open("/etc/passwd").read()', 'failed', /Error/],
  ['reads the environment of others', 'open("/proc/1/environ").read()', 'failed', /Error/],
  ['kills its parent', 'import os\nos.kill(os.getppid(), 9)', 'failed', /PermissionError/],
  [
    'limits its parent',
    'import os, resource\nresource.prlimit(os.getppid() or 2, resource.RLIMIT_CPU, (1, 1))',
    'failed',
    /PermissionError/,
  ],
  [
    'slows its parent down',
    'import os\nos.setpriority(os.PRIO_PROCESS, os.getppid(), 19)',
    'failed',
    /PermissionError/,
  ],
  ['moves its parent', 'import os\nos.sched_setaffinity(os.getppid() or 2, {0})', 'failed', /PermissionError/],
  [
    'has a pipe signal its parent',
    'import fcntl, os\nfcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid() or 2)',
    'failed',
    /PermissionError/,
  ],
  ['opens a pair of sockets', 'import socket\nsocket.socketpair()', 'failed', /PermissionError/],
  ['limits itself', 'import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))', 'passed'],
  ['kills everything', 'import os\nos.kill(-1, 9)', 'failed', /PermissionError/],
  ['writes into the system', 'open("/usr/lib/isheep-attack", "w")', 'failed', /Error/],
  [
    'ignores SIGTERM',
    'import signal\nfor n in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGHUP):\n' +
      '    signal.signal(n, signal.SIG_IGN)\nwhile True:\n    pass',
    'timed-out',
  ],
  [
    'leaves a daemon',
    'import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(60)',
    'failed',
    /PermissionError/,
  ],
  ['opens files without end', 'x = []\nwhile True:\n    x.append(open("a", "w"))', 'failed', /Too many open files/],
  ['starts another program', 'import subprocess\nsubprocess.run(["/bin/sh", "-c", "true"])', 'failed'],
  ['becomes another program', 'import os\nos.execv("/bin/true", ["true"])', 'failed', /PermissionError/],
  ['closes all that it has', 'import os\nos.closerange(0, 1000)\nwhile True:\n    pass', 'timed-out'],
  ['crashes', 'import ctypes\nctypes.string_at(0)', 'failed', /SIGSEGV/],
  ['leaves before its tests are through', 'import os\nos._exit(0)\nassert False', 'failed', /before its tests/],
  ['leaves politely', 'import sys\nsys.exit(0)\nassert False', 'failed', /SystemExit/],
  ['forges a report', 'import os\nos.write(100, b"{}" * 20)\nos._exit(0)', 'failed'],
  [
    'raises an error that cannot be told',
    'class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E',
    'failed',
  ],
  ['is no program', 'def f(:', 'failed', /SyntaxError/],
  ['has a null byte', 'x = "\0"', 'failed'],
  ['asks a question', 'input("?")', 'failed', /EOFError/],
  [
    'says something and fails',
    `${says('a last word')}\nassert 1 == 2`,
    'failed',
    /AssertionError \(line 2\)\na last word/,
  ],
  ['passes', 'def f():\n    return 1\nassert f() == 1', 'passed'],
];

function threads(): string {
  return 'import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()';
}

describe.each(isolations)('isolated by %s, a program', (isolation) => {
  let opened: Sandbox | IsheepError;
  beforeAll(async () => {
    opened = await open(isolation);
  });

  /** What becomes of it; `refused` where this machine does not offer the isolation, and then that is all that may be. */
  async function outcomeOf(program: string): Promise<ProgramRun | 'refused'> {
    if (!(opened instanceof IsheepError)) return opened.run(program, { seconds: 1 });
    expect(opened.code).toBe('no-sandbox');
    expect(opened.hint).not.toBe('');
    return 'refused';
  }

  it.each(attacks)('that %s is contained', async (_name, program, outcome, detail) => {
    const run = await outcomeOf(program);
    expect(run === 'refused' ? outcome : run.outcome, JSON.stringify(run)).toBe(outcome);
    if (run !== 'refused' && detail !== undefined) expect(run.detail).toMatch(detail);
  });

  it('that looks for files of its user finds and changes none', async () => {
    const folder = temporaryFolder();
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'secret', { mode: 0o666 });
    const quoted = JSON.stringify(secret);
    const attempts = [
      `open(${quoted})`,
      `open(${quoted}, "w")`,
      `import os\nos.remove(${quoted})`,
      `import os\nos.chmod(${quoted}, 0)`,
      `import os\nos.listdir(${JSON.stringify(folder)})`,
      `open(${JSON.stringify(`${secret}2`)}, "w")`,
    ];
    for (const program of attempts) {
      const run = await outcomeOf(program);
      expect(run === 'refused' ? 'failed' : run.outcome, program).toBe('failed');
    }
    expect(readdirSync(folder)).toEqual(['secret']);
    expect(readFileSync(secret, 'utf8')).toBe('secret');
  });

  it('sees nothing of what another one left, and leaves nothing itself', async () => {
    const before = leftFolders();
    const program = 'import os\nassert os.listdir(".") == []\nopen("x", "w").close()';
    for (const run of [await outcomeOf(program), await outcomeOf(program)]) {
      expect(run === 'refused' || run.outcome === 'passed').toBe(true);
    }
    expect(leftFolders().filter((name) => !before.includes(name))).toEqual([]);
    expect(existsSync('/usr/lib/isheep-attack')).toBe(false);
  });

  it('is ended when nobody waits for it any more', async () => {
    const abort = new AbortController();
    if (opened instanceof IsheepError) {
      expect(opened.code).toBe('no-sandbox');
      return;
    }
    const run = opened.run('import time\ntime.sleep(60)', { seconds: 60, signal: abort.signal });
    setTimeout(() => abort.abort(), 200);
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('has the same order of sets each time', async () => {
    const program = `assert False, list({"one", "two", "three", "four", "five"})`;
    const [first, second] = [await outcomeOf(program), await outcomeOf(program)];
    expect(second).toEqual(first);
  });
});

function leftFolders(): string[] {
  return readdirSync(os.tmpdir()).filter((name) => /^isheep-(program|outside)-/.test(name));
}

describe('a sandbox', () => {
  it('needs Python, and says so', async () => {
    await expect(openSandbox({ python: 'python3-that-is-not-there' })).rejects.toMatchObject({
      code: 'no-sandbox',
      message: expect.stringContaining('there is no python3-that-is-not-there on the PATH') as string,
    });
  });

  it('names each kind of isolation that it could not have', async () => {
    const error = await openSandbox({ isolations: [] }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'no-sandbox' });
  });

  it('keeps its limits where the user wants no isolation', async () => {
    const opened = await openSandbox({ unsandboxed: true, isolations: [] }).catch(
      (error: unknown) => error as IsheepError,
    );
    if (opened instanceof IsheepError) {
      expect(opened.code).toBe('no-sandbox');
      return;
    }
    expect(opened.about).toContain('not isolated');
    const outcome = async (program: string) => (await opened.run(program, { seconds: 1 })).outcome;
    expect(await outcome('import os\nassert "HOME" not in os.environ and os.listdir(".") == []')).toBe('passed');
    expect(await outcome('while True:\n    pass')).toBe('timed-out');
    expect(await outcome('import time\ntime.sleep(60)')).toBe('timed-out');
    expect(await outcome(`x = bytearray(${limits.memoryBytes})`)).toBe('out-of-memory');
    expect(await outcome('for _ in range(1 << 14):\n    print("x" * (1 << 16))')).toBe('too-much-output');
  });
});
