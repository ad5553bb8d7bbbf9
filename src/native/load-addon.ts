// Finds and loads the built addon and, with it, ggml's backends.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { IsheepError } from '../shared/errors.js';
import type { Addon } from './addon-types.js';

const require = createRequire(import.meta.url);

export interface AddonOptions {
  /** Which library variant to use (cpu, cuda, vulkan, metal). */
  variant?: string;
  /** Path of the CPU library to use instead of ggml's choice. */
  cpuLibrary?: string;
}

let loaded: Addon | undefined;

/** The addon, loaded once a process. Throws `not-built` where there is none. */
export function loadAddon(options: AddonOptions = {}): Addon {
  if (loaded) return loaded;
  const variant = options.variant ?? 'cpu';
  const file = path.join(packageRoot(), 'build', 'native', 'Release', `isheep-${variant}.node`);
  if (!existsSync(file)) {
    throw new IsheepError('not-built', `the native part is not built: ${file} is missing`, {
      hint: 'run `npm run build:native`',
    });
  }
  const addon = require(file) as Addon;
  const directory = libraryFolder(variant);
  addon.loadBackends(options.cpuLibrary === undefined ? { directory } : { directory, cpuLibrary: options.cpuLibrary });
  loaded = addon;
  return addon;
}

/** The folder with package.json: above src/native in tests, above dist/native when built. */
function packageRoot(): string {
  return path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
}

function libraryFolder(variant: string): string {
  const scope = path.join(path.dirname(require.resolve('node-llama-cpp')), '..', '..', '@node-llama-cpp');
  const platform = { linux: 'linux', darwin: 'mac', win32: 'win' }[process.platform as string] ?? process.platform;
  const name = `${platform}-${process.arch}${variant === 'cpu' ? '' : `-${variant}`}`;
  const bins = path.join(scope, name, 'bins');
  const [bin] = existsSync(bins) ? readdirSync(bins) : [];
  if (bin === undefined)
    throw new IsheepError('not-built', `no llama.cpp libraries of the variant ${variant} in ${bins}`);
  return path.join(bins, bin);
}
