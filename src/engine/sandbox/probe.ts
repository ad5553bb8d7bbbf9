// Whether a kind of isolation holds here: a sound program must run, and one that tries what must not be possible must fail at
// each of it. Asked before anything that a model wrote is run.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { type Isolation, limits, runInJail, SetupFailed } from './jail.js';
import type { Python } from './python.js';

const soundProgram = `
import collections, decimal, heapq, json, math, os, random, re, string, threading, typing
assert os.listdir(".") == []
with open("note", "w") as file:
    file.write("x")
thread = threading.Thread(target=lambda: os.remove("note"))
thread.start()
thread.join()
assert os.listdir(".") == []
`;

/** undefined where it holds, else why it does not. */
export async function whyNot(isolation: Isolation, python: Python): Promise<string | undefined> {
  try {
    const sound = await runInJail(soundProgram, isolation, python, { seconds: 10 });
    if (sound.outcome !== 'passed') return `a sound program does not run: ${sound.detail}`;
    return isolation === 'none' ? undefined : await whatEscapes(isolation, python);
  } catch (error) {
    if (error instanceof SetupFailed) return error.message;
    throw error;
  }
}

async function whatEscapes(isolation: Isolation, python: Python): Promise<string | undefined> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-outside-'));
  try {
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'untouched', { mode: 0o666 });
    mkdirSync(path.join(folder, 'open'), { mode: 0o777 });
    const { outcome, detail } = await runInJail(escapes(secret), isolation, python, { seconds: 10 });
    if (outcome !== 'passed') return `a program could do what it must not: ${detail}`;
    const isUntouched = readFileSync(secret, 'utf8') === 'untouched' && readdirSync(folder).join() === 'open,secret';
    return isUntouched ? undefined : 'a program wrote outside its folder';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files that lie in the user's own folder; no program may read one. */
function someOwnFiles(): string[] {
  try {
    const entries = readdirSync(os.homedir(), { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? path.join(os.homedir(), entry.name) : [])).slice(0, 10);
  } catch {
    return [];
  }
}

function escapes(secret: string): string {
  const unreadable = [secret, '/etc/passwd', '/proc/self/environ', '/proc/1/environ', ...someOwnFiles()];
  const unwritable = [secret, path.join(path.dirname(secret), 'new'), path.join(path.dirname(secret), 'open', 'new')];
  return `
import fcntl, os, resource, signal, socket
other = os.getppid() or 2
done = []
def must_fail(name, attempt):
    try:
        attempt()
    except (OSError, MemoryError):
        return
    done.append(name)
for file in ${JSON.stringify(unreadable)}:
    must_fail("read " + file, lambda: open(file).close())
for file in ${JSON.stringify([...unwritable, '/usr/isheep-probe'])}:
    must_fail("write " + file, lambda: open(file, "a").close())
must_fail("list " + ${JSON.stringify(path.dirname(secret))}, lambda: os.listdir(${JSON.stringify(path.dirname(secret))}))
must_fail("remove a file", lambda: os.remove(${JSON.stringify(secret)}))
must_fail("change a mode", lambda: os.chmod(${JSON.stringify(secret)}, 0))
must_fail("list /proc", lambda: os.listdir("/proc"))
must_fail("open a socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
must_fail("open a local socket", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
must_fail("signal its parent", lambda: os.kill(os.getppid(), 0))
must_fail("signal others", lambda: os.kill(-1, 0))
must_fail("open a pair of sockets", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
must_fail("limit others", lambda: resource.prlimit(other, resource.RLIMIT_CPU))
must_fail("slow others down", lambda: os.setpriority(os.PRIO_PROCESS, other, 19))
must_fail("move others", lambda: os.sched_setaffinity(other, {0}))
must_fail("have a file signal others", lambda: fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, other))
must_fail("be root", lambda: os.setuid(0))
must_fail("take all memory", lambda: bytearray(${limits.memoryBytes}))
def write_much():
    with open("much", "wb") as file:
        for _ in range(17):
            file.write(bytes(${limits.fileBytes >> 4}))
must_fail("write a large file", write_much)
def fork():
    if os.fork() == 0:
        os._exit(0)
must_fail("start a process", fork)
must_fail("start a program", lambda: os.posix_spawn("/bin/true", ["true"], {}))
assert os.getuid() != 0, "runs as root"
assert not done, ", ".join(done)
must_fail("become another program", lambda: os.execv("/bin/true", ["true"]))
`;
}
