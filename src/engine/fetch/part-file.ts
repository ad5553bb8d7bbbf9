// A file on its way: written beside its place, hashed as it is written, renamed when it is whole and right.
// While a process works on it, the part's name holds the process id; at rest it is "<file>.part". So two processes never
// write into the same part, and what an ended process left is taken over by a rename, which only one of them can win.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** Where a part's bytes came from: they are continued only if the source still has the same file. */
export interface Origin {
  url: string;
  etag: string;
}

export class PartFile {
  bytes = 0;
  origin: Origin | undefined;
  readonly target: string;
  readonly #path: string;
  #handle: FileHandle | undefined;
  #hash: Hash = createHash('sha256');

  private constructor(target: string) {
    this.target = target;
    this.#path = `${target}.${workingName()}.part`;
  }

  /** A part for `target`: what an earlier process left of it, or an empty one. */
  static async open(target: string): Promise<PartFile> {
    await mkdir(path.dirname(target), { recursive: true });
    const part = new PartFile(target);
    removeLeftWheels(target);
    const taken = leftParts(target).some((left) => part.#takeOver(left));
    part.#handle = await open(part.#path, taken ? 'r+' : 'w+');
    if (taken) await part.#readBack();
    return part;
  }

  #takeOver(left: string): boolean {
    try {
      renameSync(left, this.#path);
    } catch {
      return false; // another process was faster
    }
    try {
      this.origin = JSON.parse(readFileSync(`${left}.json`, 'utf8')) as Origin;
    } catch {
      this.origin = undefined; // nobody knows whose bytes these are: the first write starts over
    }
    rmSync(`${left}.json`, { force: true });
    return true;
  }

  async #readBack(): Promise<void> {
    this.bytes = (await stat(this.#path)).size;
    for await (const chunk of createReadStream(this.#path)) this.#hash.update(chunk as Buffer);
    this.#writeOrigin();
  }

  /** Forgets what is there; the bytes that follow are of `origin`. */
  async restart(origin?: Origin): Promise<void> {
    await this.#open.truncate(0);
    this.bytes = 0;
    this.#hash = createHash('sha256');
    this.origin = origin;
    this.#writeOrigin();
  }

  /** Kept beside the part from the start, so that a killed process leaves something to continue. */
  #writeOrigin(): void {
    if (this.origin) writeFileSync(`${this.#path}.json`, JSON.stringify(this.origin));
    else rmSync(`${this.#path}.json`, { force: true });
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length;) {
      written += (await this.#open.write(chunk, written, chunk.length - written, this.bytes + written)).bytesWritten;
    }
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  /** Of all that was written so far. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Puts the whole file in its place. */
  async commit(): Promise<void> {
    await this.#open.sync();
    await this.#close();
    await rename(this.#path, this.target);
    await rm(`${this.#path}.json`, { force: true });
  }

  /** Leaves the part for a later attempt; nothing where nothing can be continued. */
  async keep(): Promise<void> {
    await this.#close();
    if (this.bytes === 0 || !this.origin) return this.discard();
    renameSync(`${this.#path}.json`, `${this.target}.part.json`);
    renameSync(this.#path, `${this.target}.part`);
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#path, { force: true });
    await rm(`${this.#path}.json`, { force: true });
  }

  get #open(): FileHandle {
    if (!this.#handle) throw new Error(`the part of ${this.target} is closed`);
    return this.#handle;
  }

  async #close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

/** A folder for the wheel that `target` is read from; beside the target, so that it is on the disk that was checked. */
export function wheelFolder(target: string): string {
  return `${target}.${workingName()}.wheel`;
}

let taken = 0;

/** The process id, and a number that tells two fetches of one process apart. */
function workingName(): string {
  return `${process.pid}-${taken++}`;
}

function leftParts(target: string): string[] {
  const atRest = `${target}.part`;
  return [...(existsSync(atRest) ? [atRest] : []), ...leftByEndedProcesses(target, 'part')];
}

function removeLeftWheels(target: string): void {
  for (const folder of leftByEndedProcesses(target, 'wheel')) rmSync(folder, { recursive: true, force: true });
}

/** "<target>.<working name>.<kind>" of processes that no longer run. */
function leftByEndedProcesses(target: string, kind: string): string[] {
  const folder = path.dirname(target);
  const start = `${path.basename(target)}.`;
  const left = readdirSync(folder).filter((name) => {
    if (!name.startsWith(start) || !name.endsWith(`.${kind}`)) return false;
    const [, id] = /^(\d+)-\d+$/.exec(name.slice(start.length, -kind.length - 1)) ?? [];
    return id !== undefined && !isRunning(Number(id));
  });
  return left.map((name) => path.join(folder, name));
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
