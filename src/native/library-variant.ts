// Which addons are built: one for each llama.cpp library variant (cpu, cuda, vulkan, metal) that is installed, or one
// over llama.cpp built from source. scripts/build-native.mjs writes the list; nothing is chosen here.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { IsheepError } from '../shared/errors.js';
import { isClone, packageRoot } from '../shared/package-root.js';

/** Best first: a variant that the owner built comes before a GPU's, a GPU's before the plain one. */
const preference = ['source', 'cuda', 'metal', 'vulkan', 'cpu'];

export interface LibraryVariant {
  /** source, cuda, metal, vulkan or cpu. */
  name: string;
  /** The .node file. */
  addon: string;
  /** Folder of the llama.cpp libraries that the addon is linked against, with ggml's backend plug-ins. */
  libraries: string;
  /** Release of llama.cpp, as it names itself: "v0.4.0". */
  release: string;
}

const manifestSchema = z.object({
  packageVersion: z.string(),
  release: z.string(),
  variants: z.array(z.object({ name: z.string(), addon: z.string(), libraries: z.string() })),
});

/** All built variants, best first; empty where nothing is built. Throws `not-built` where a manifest is unreadable. */
export function builtVariants(root: string = packageRoot): LibraryVariant[] {
  const folders = ['native-source', 'native'].map((name) => path.join(root, 'build', name));
  const variants = folders.flatMap(readManifest).filter((variant) => existsSync(variant.addon));
  return variants.sort((a, b) => preference.indexOf(a.name) - preference.indexOf(b.name));
}

function readManifest(folder: string): LibraryVariant[] {
  const file = path.join(folder, 'variants.json');
  if (!existsSync(file)) return [];
  try {
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return manifest.variants.map(({ name, addon, libraries }) => ({
      name,
      addon: path.resolve(folder, addon),
      libraries: path.resolve(folder, libraries),
      release: manifest.release,
    }));
  } catch (error) {
    throw new IsheepError('not-built', `${file} cannot be read`, { hint: buildHint, cause: error });
  }
}

const buildCommand = isClone ? 'npm run build:native' : `node ${path.join(packageRoot, 'scripts', 'build-native.mjs')}`;

/** What to do where the addon is missing. */
export const buildHint = `run \`${buildCommand}\`; it needs CMake and a C++17 compiler and says how to get them`;

/** ggml's CPU libraries in a folder, newest instruction set first: the order in which they are tried. */
export function cpuLibraries(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => cpuLibraryPattern.test(name));
  return names.sort(newestFirst).map((name) => path.join(folder, name));
}

/** ggml's other backend plug-ins in a folder: GPUs, and accelerators of the CPU's. */
export function otherLibraries(folder: string): string[] {
  const plugIn = /^(lib)?ggml-(?!cpu|base)\w+\.(so|dll)$/;
  const found = readdirSync(folder)
    .filter((name) => plugIn.test(name))
    .map((name) => path.join(folder, name));
  // The CUDA package is built for one major version of CUDA's runtime; its extension package holds the one before.
  const older = found.flatMap((file) => olderCudaLibrary(file));
  return [...found, ...older];
}

function olderCudaLibrary(file: string): string[] {
  const bins = path.dirname(file);
  const variantPackage = path.dirname(path.dirname(bins));
  const older = path.join(`${variantPackage}-ext`, 'bins', path.basename(bins), 'fallback', path.basename(file));
  return existsSync(older) ? [older] : [];
}

/** What a CPU library is built for: "haswell" of libggml-cpu-haswell.so. */
export function instructionSet(library: string): string {
  return cpuLibraryPattern.exec(path.basename(library))?.[2] ?? path.basename(library);
}

const cpuLibraryPattern = /^(lib)?ggml-cpu-([\w.]+)\.(so|dll|dylib)$/;

/** x64: from the most instructions to the fewest, as ggml scores them (cpu-feats.cpp). */
const x64Order = [
  ...['sapphirerapids', 'zen4', 'cooperlake', 'icelake', 'cascadelake', 'cannonlake', 'skylakex', 'alderlake'],
  ...['haswell', 'piledriver', 'ivybridge', 'sandybridge', 'sse42', 'x64'],
];

/** Names that are not in the table (ARM's, and newer ones than the table) descend by name: armv9.2_1, armv8.6_2… */
function newestFirst(a: string, b: string): number {
  const [rankA, rankB] = [a, b].map((name) => x64Order.indexOf(instructionSet(name))) as [number, number];
  return rankA - rankB || instructionSet(b).localeCompare(instructionSet(a));
}
