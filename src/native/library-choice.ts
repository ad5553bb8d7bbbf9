// Chooses the variant and the CPU library to load: the best variant that really offers a device, and the newest CPU
// library that computes right on this processor. ggml believes what the processor claims; here the claim is tried, in a
// child process, once: the answer is remembered in the user's cache folder until the machine or the package changes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { cacheFolder } from '../shared/cache-folder.js';
import { IsheepError } from '../shared/errors.js';
import { packageRoot } from '../shared/package-root.js';
import type { DeviceInfo } from './addon-types.js';
import { cpuLibraries, instructionSet, otherLibraries, type LibraryVariant } from './library-variant.js';
import { machineFingerprint } from './machine-fingerprint.js';
import { probe, type Probe, type ProbeResult } from './probe.js';

const trialSchema = z.object({
  variant: z.string(),
  /** What the CPU library is built for ("zen4"); "" where it is not known or llama.cpp has only one. */
  cpuLibrary: z.string(),
  /** Taken, or what it lacks: a device; a GPU that computes; a CPU library that does. */
  outcome: z.enum(['taken', 'no-device', 'broken-gpu', 'broken-cpu-library']),
  /** Why it was not taken, or what it offers. */
  note: z.string(),
});

const choiceSchema = z.object({
  variant: z.string(),
  /** File in the variant's folder; null: llama.cpp has only one, and loads it itself. */
  cpuLibrary: z.string().nullable(),
  tried: z.array(trialSchema),
});

/** One thing that was tried on the way to the choice. */
export type Trial = z.infer<typeof trialSchema>;
export type LibraryChoice = z.infer<typeof choiceSchema>;

export interface ChoiceOptions {
  /** Where answers are remembered; default: the user's cache folder. */
  cache?: string;
  /** How a variant is tried; default: in a child process. */
  probe?: Probe;
}

/** The choice among `variants` (best first, not empty). Throws `native-failure` where none works. */
export function chooseLibraries(variants: readonly LibraryVariant[], options: ChoiceOptions = {}): LibraryChoice {
  const file = path.join(options.cache ?? cacheFolder(), `libraries-${fingerprint(variants)}.json`);
  const remembered = recall(file);
  if (remembered && stillThere(variants, remembered)) return remembered;
  const choice = tryVariants(variants, options.probe ?? probe);
  remember(file, choice);
  return choice;
}

function tryVariants(variants: readonly LibraryVariant[], run: Probe): LibraryChoice {
  const tried: Trial[] = [];
  let fallback: { variant: string; cpuLibrary: string | null } | undefined;
  for (const variant of variants) {
    const result = tryCpuLibraries(variant, run, tried);
    if (!result.ok) continue;
    const cpuLibrary = result.cpuLibrary === undefined ? null : path.basename(result.cpuLibrary);
    const gpus = result.devices.filter((device) => device.isGpu);
    if (gpus.length > 0 && result.gpuReason !== '') {
      // Not even for its CPU: whoever leaves the device to us would get the GPU.
      tried.push(trial(variant, result, 'broken-gpu', `${listed(gpus)} does not compute: ${result.gpuReason}`));
      continue;
    }
    const wanted = gpus.length > 0 || variant.name === 'cpu' || variant.name === 'source';
    const why = result.failures.length > 0 ? result.failures.join('; ') : 'the driver reports none';
    if (wanted) {
      tried.push(trial(variant, result, 'taken', listed(gpus)));
      return { variant: variant.name, cpuLibrary, tried };
    }
    tried.push(trial(variant, result, 'no-device', `no GPU device: ${why}`));
    fallback ??= { variant: variant.name, cpuLibrary };
  }
  if (fallback) return { ...fallback, tried };
  const reasons = tried.map(({ variant, cpuLibrary, note }) => `${variant} ${cpuLibrary}: ${note}`).join('; ');
  throw new IsheepError('native-failure', `no llama.cpp library works on this machine: ${reasons}`, {
    hint: '`npm run build:native -- --from-source` builds llama.cpp for it',
  });
}

/** The first CPU library that computes right: ggml's own choice, then the others, newest first. Failures go to `tried`. */
function tryCpuLibraries(variant: LibraryVariant, run: Probe, tried: Trial[]): ProbeResult {
  const request = { ...variant, otherLibraries: otherLibraries(variant.libraries) };
  const first = run(request);
  if (first.ok) return first;
  tried.push(trial(variant, first, 'broken-cpu-library', first.reason));
  for (const cpuLibrary of cpuLibraries(variant.libraries)) {
    if (cpuLibrary === first.cpuLibrary) continue;
    const next = { ...run({ ...request, cpuLibrary }), cpuLibrary };
    if (next.ok) return next;
    tried.push(trial(variant, next, 'broken-cpu-library', next.reason));
  }
  return first;
}

function listed(devices: readonly DeviceInfo[]): string {
  return devices.map(({ description }) => description).join(', ');
}

function trial(variant: LibraryVariant, result: ProbeResult, outcome: Trial['outcome'], note: string): Trial {
  const cpuLibrary = result.cpuLibrary === undefined ? '' : instructionSet(result.cpuLibrary);
  return { variant: variant.name, cpuLibrary, outcome, note };
}

/** Changes with the package, the processor, the drivers and what is built. */
function fingerprint(variants: readonly LibraryVariant[]): string {
  const own = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(own));
  const facts = JSON.stringify([version, variants, machineFingerprint()]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 16);
}

function stillThere(variants: readonly LibraryVariant[], choice: LibraryChoice): boolean {
  const variant = variants.find(({ name }) => name === choice.variant);
  if (!variant) return false;
  return choice.cpuLibrary === null || existsSync(path.join(variant.libraries, choice.cpuLibrary));
}

function recall(file: string): LibraryChoice | undefined {
  try {
    return choiceSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // absent, or not ours: tried again, and written anew
  }
}

/** A cache that cannot be written costs a second at the next start, nothing else. */
function remember(file: string, choice: LibraryChoice): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(choice));
    renameSync(temporary, file);
  } catch {
    return;
  }
}
