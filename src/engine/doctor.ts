// What `isheep doctor` finds out about this machine and this installation. Each finding stands alone: one that fails
// does not hide the others. Prints nothing.
import { existsSync, lstatSync, readFileSync, readdirSync, statSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type { SystemInfo } from '../native/addon-types.js';
import { chooseLibraries, type LibraryChoice } from '../native/library-choice.js';
import { builtVariants, instructionSet } from '../native/library-variant.js';
import { loadAddon, wantedVariants } from '../native/load-addon.js';
import { IsheepError } from '../shared/errors.js';
import { packageRoot } from '../shared/package-root.js';
import { knownModels, weightsFolder, type KnownModel } from './known-models.js';

export interface Finding {
  name: string;
  /** False: something does not work as it could; `hint` says what to do. */
  ok: boolean;
  value: string;
  hint?: string;
}

/** Below this a run may end with a full disk: the demo's model, and a few adapters and databases. */
const wantedDiskBytes = 1e9;

/** All findings, in the order to print them. Throws nothing. */
export function doctor(): Promise<Finding[]> {
  const parts: (() => Finding[])[] = [versions, machine, libraries, disk, models, installationSize];
  return Promise.resolve(parts.flatMap(orFailure));
}

function orFailure(part: () => Finding[]): Finding[] {
  try {
    return part();
  } catch (error) {
    const { message } = error as Error;
    const hint = error instanceof IsheepError ? error.hint : '';
    return [{ name: part.name, ok: false, value: message, ...(hint && { hint }) }];
  }
}

function versions(): Finding[] {
  const own = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  return [
    fact('isheep', `${own.version}, in ${packageRoot}`),
    fact('node', process.versions.node),
    fact('node-llama-cpp', own.dependencies['node-llama-cpp'] ?? ''),
  ];
}

function machine(): Finding[] {
  const cores = os.availableParallelism();
  return [
    fact('system', `${os.type()} ${os.release()}, ${process.arch}`),
    fact('processor', `${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${cores} core${cores === 1 ? '' : 's'}`),
    fact('memory', `${gigabytes(os.freemem())} free of ${gigabytes(os.totalmem())}`),
  ];
}

function libraries(): Finding[] {
  const built = builtVariants();
  const variants = wantedVariants(process.env.ISHEEP_VARIANT ?? '', built);
  const choice = chooseLibraries(variants);
  const info = loadAddon().systemInfo();
  return [
    fact('llama.cpp', `${variants[0].release}; built for ${built.map(({ name }) => name).join(', ')}`),
    variantFinding(choice),
    ...rejected(choice),
    cpuLibraryFinding(choice, info),
    fact(
      'products on the CPU',
      info.microKernel
        ? `by the micro-kernel for ${info.microKernel} (training; writing, too, where copies of the weights have room)`
        : "by ggml's products: the processor has neither AVX2 nor AVX-512 BF16",
    ),
    ...info.devices.map((device) =>
      fact(
        `device ${device.name}`,
        `${device.description} (${device.backend.toLowerCase()}), ` +
          `${gigabytes(device.freeBytes)} free of ${gigabytes(device.totalBytes)}`,
      ),
    ),
  ];
}

function variantFinding(choice: LibraryChoice): Finding {
  const offers = choice.tried.find(({ outcome }) => outcome === 'taken')?.note;
  return fact('variant', offers ? `${choice.variant}: ${offers}` : choice.variant);
}

/** A GPU variant without its device is how most machines are; a library that crashed is not. */
function rejected({ tried }: LibraryChoice): Finding[] {
  return tried
    .filter(({ outcome }) => outcome !== 'taken')
    .map(({ variant, cpuLibrary, outcome, note }) => {
      const name = `not used: ${variant}`;
      if (outcome === 'no-device') return fact(name, note);
      if (outcome === 'broken-gpu') {
        return { name, ok: false, value: note, hint: 'a newer driver of the GPU may help; the CPU computes meanwhile' };
      }
      const value = `CPU library ${cpuLibrary || "of ggml's choice"}: ${note}`;
      return { name, ok: false, value, hint: 'the next lower CPU library is used; nothing need be done' };
    });
}

function cpuLibraryFinding(choice: LibraryChoice, info: SystemInfo): Finding {
  const name = choice.cpuLibrary === null ? 'the only one' : instructionSet(choice.cpuLibrary);
  const features = [...info.features.matchAll(/(\w+) = 1/g)].map(([, feature]) => feature).join(' ');
  return fact('CPU library', `${name}, tried and found right (${features})`);
}

function disk(): Finding[] {
  return [...new Set([weightsFolder(), process.cwd()])].map((folder) => {
    const existing = nearestExisting(folder);
    const { bavail, bsize } = statfsSync(existing);
    const free = bavail * bsize;
    const finding = { name: 'disk', ok: free >= wantedDiskBytes, value: `${gigabytes(free)} free in ${folder}` };
    return finding.ok ? finding : { ...finding, hint: 'free some space; ISHEEP_MODELS_DIR moves the models elsewhere' };
  });
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}

function models(): Finding[] {
  return knownModels().map(modelFinding);
}

function modelFinding(model: KnownModel): Finding {
  const file = path.join(weightsFolder(), model.file);
  const found = statSync(file, { throwIfNoEntry: false });
  const name = `model ${model.name}`;
  const fetchHint = `isheep fetch ${model.name}`;
  if (!found) return { ...fact(name, `not fetched (${gigabytes(model.bytes)})`), hint: fetchHint };
  if (found.size === model.bytes) return fact(name, file);
  return { name, ok: false, value: `${file} has ${found.size} bytes instead of ${model.bytes}`, hint: fetchHint };
}

/** What the llama.cpp packages of node-llama-cpp take on disk. */
function installationSize(): Finding[] {
  const scope = builtVariants()
    .map(({ libraries: folder }) => path.resolve(folder, '..', '..', '..'))
    .find((folder) => path.basename(folder) === '@node-llama-cpp');
  if (scope === undefined) return [];
  const sizes = readdirSync(scope).map((name) => ({ name, bytes: folderBytes(path.join(scope, name)) }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const each = sizes.map(({ name, bytes }) => `${name} ${gigabytes(bytes)}`).join(', ');
  const finding = fact('llama.cpp packages', `${gigabytes(total)}: ${each}`);
  const hasMore = sizes.some(({ name }) => /cuda|vulkan/.test(name));
  return [
    hasMore
      ? { ...finding, hint: 'without a GPU: docs/installation.md says how to do without its libraries' }
      : finding,
  ];
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const entry = path.join(folder, name);
    const found = lstatSync(entry);
    return sum + (found.isDirectory() ? folderBytes(entry) : found.size);
  }, 0);
}

function fact(name: string, value: string): Finding {
  return { name, ok: true, value };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
}
