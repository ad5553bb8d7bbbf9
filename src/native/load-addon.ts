// Loads the native addon: the only place that touches the .node file.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { IsheepError, fromNative } from '../shared/errors.js';
import type { Addon } from './addon-types.js';
import { chooseLibraries } from './library-choice.js';
import {
  buildHint,
  builtVariants,
  cpuLibraries,
  instructionSet,
  otherLibraries,
  type LibraryVariant,
} from './library-variant.js';

export interface LoadOptions {
  /** source, cuda, metal, vulkan or cpu instead of the best one; the environment variable ISHEEP_VARIANT does the same. */
  variant?: string;
  /** The CPU library instead of the one that was tried and found right: what it is built for ("haswell"), or a path. */
  cpuLibrary?: string;
}

let loaded: { addon: Addon; options: string } | undefined;

/**
 * The addon, with ggml's backends loaded: once a process, whoever asks. The first call decides.
 * Throws `not-built`, `bad-config` (a variant or CPU library that is not there), `native-failure`.
 */
export function loadAddon(options: LoadOptions = {}): Addon {
  const wanted = JSON.stringify([options.variant ?? '', options.cpuLibrary ?? '']);
  if (loaded) {
    if (wanted === loaded.options || wanted === '["",""]') return loaded.addon;
    throw new IsheepError('bad-config', 'the native addon is already loaded, with another variant or CPU library', {
      hint: 'choose before the first use, or in a process of its own',
    });
  }
  const variants = wantedVariants(options.variant ?? process.env.ISHEEP_VARIANT ?? '');
  loaded = { addon: open(resolveLibraries(variants, options.cpuLibrary ?? '')), options: wanted };
  return loaded.addon;
}

/** At least one, best first. */
type NonEmpty = readonly [LibraryVariant, ...LibraryVariant[]];

/** The built variants, or the one that `name` names. */
export function wantedVariants(name: string, built: readonly LibraryVariant[] = builtVariants()): NonEmpty {
  const [best, ...others] = built;
  if (!best) throw new IsheepError('not-built', 'the native addon is not built', { hint: buildHint });
  if (name === '' || name === 'auto') return [best, ...others];
  const named = built.find((variant) => variant.name === name);
  if (named) return [named];
  throw new IsheepError('bad-config', `the variant "${name}" is not built here`, {
    hint: `built are ${built.map((variant) => variant.name).join(', ')}`,
  });
}

function resolveLibraries(variants: NonEmpty, named: string): { variant: LibraryVariant; cpuLibrary?: string } {
  if (named !== '') return { variant: variants[0], cpuLibrary: namedCpuLibrary(variants[0], named) };
  const choice = chooseLibraries(variants);
  const variant = variants.find(({ name }) => name === choice.variant) ?? variants[0];
  return {
    variant,
    ...(choice.cpuLibrary !== null && { cpuLibrary: path.join(variant.libraries, choice.cpuLibrary) }),
  };
}

function namedCpuLibrary(variant: LibraryVariant, name: string): string {
  const known = cpuLibraries(variant.libraries);
  const library = known.find((file) => instructionSet(file) === name) ?? name;
  if (existsSync(library)) return library;
  throw new IsheepError('bad-config', `there is no CPU library "${name}"`, {
    hint: `known are ${known.map(instructionSet).join(', ')}, or give a path`,
  });
}

function open({ variant, cpuLibrary }: { variant: LibraryVariant; cpuLibrary?: string }): Addon {
  // Windows finds the libraries that the addon is linked against through PATH.
  if (process.platform === 'win32') process.env.PATH = `${variant.libraries};${process.env.PATH ?? ''}`;
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(variant.addon) as Addon;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IsheepError('not-built', `the native addon ${variant.addon} does not load: ${why}`, {
      hint: buildHint,
      cause: error,
    });
  }
  try {
    const others = otherLibraries(variant.libraries);
    addon.loadBackends({
      directory: variant.libraries,
      otherLibraries: others,
      ...(cpuLibrary !== undefined && { cpuLibrary }),
    });
  } catch (error) {
    throw fromNative(error);
  }
  return addon;
}
