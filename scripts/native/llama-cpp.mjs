// Where llama.cpp comes from: node-llama-cpp brings prebuilt libraries (one package a platform and variant) and the
// source as a git bundle. Finds both, checks that they are of one release, and unpacks the bundle.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError } from './build-error.mjs';

/** Folders of the bundle that hold what our own code includes. */
const headerFolders = ['include', 'ggml/include'];

/** @returns {string} the installed package node-llama-cpp; its "exports" hide package.json, so go up from its entry */
export function nodeLlamaCppFolder() {
  let folder;
  try {
    folder = path.dirname(fileURLToPath(import.meta.resolve('node-llama-cpp')));
  } catch {
    throw new BuildError('node-llama-cpp is not installed', 'run `npm ci` (or `npm install`) first');
  }
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

/**
 * What this build stands on. The pin is package.json's version of node-llama-cpp; everything else follows from it.
 *
 * @param {string} root the package's own folder
 * @returns {{ packageVersion: string, release: string, bundle: string, scope: string }}
 */
export function pinnedLlamaCpp(root) {
  const pinned = readJson(path.join(root, 'package.json')).dependencies['node-llama-cpp'];
  const folder = nodeLlamaCppFolder();
  const installed = readJson(path.join(folder, 'package.json')).version;
  if (installed !== pinned) {
    throw new BuildError(
      `node-llama-cpp ${installed} is installed, but package.json pins ${pinned}`,
      'run `npm ci` (or `npm install`), which installs the pinned one',
    );
  }
  const source = path.join(folder, 'llama');
  const release = readJson(path.join(source, 'binariesGithubRelease.json')).release;
  const bundle = path.join(source, 'gitRelease.bundle');
  const bundled = readJson(path.join(source, 'llama.cpp.info.json')).tag;
  if (bundled !== release) {
    throw new BuildError(
      `node-llama-cpp ${installed} brings the source of llama.cpp ${bundled}, but libraries of ${release}`,
      'reinstall node-llama-cpp: remove node_modules and run `npm ci`',
    );
  }
  return { packageVersion: installed, release, bundle, scope: path.join(folder, '..', '@node-llama-cpp') };
}

/**
 * The prebuilt libraries for this platform that can be linked against.
 *
 * @param {{ packageVersion: string, release: string, scope: string }} pinned
 * @returns {{ name: string, folder: string }[]} name: cpu, cuda, vulkan or metal
 */
export function installedVariants(pinned, platform = process.platform, arch = process.arch) {
  const prefix = `${{ linux: 'linux', darwin: 'mac', win32: 'win' }[platform] ?? platform}-${arch}`;
  const variants = [];
  for (const name of existsSync(pinned.scope) ? readdirSync(pinned.scope).sort() : []) {
    if (name !== prefix && !name.startsWith(`${prefix}-`)) continue;
    const bins = path.join(pinned.scope, name, 'bins');
    for (const bin of existsSync(bins) ? readdirSync(bins) : []) {
      const folder = path.join(bins, bin);
      // A Windows library is linked through its .lib, which these packages do not carry: built from source there.
      if (!readdirSync(folder).some((file) => /^(lib)?llama\..*(so|dylib|lib)$/.test(file))) continue;
      checkRelease(path.join(pinned.scope, name), folder, pinned);
      variants.push({ name: name.slice(prefix.length + 1) || 'cpu', folder });
    }
  }
  return variants;
}

/** Headers of one release over libraries of another compile, and crash later: refuse. */
function checkRelease(packageFolder, folder, pinned) {
  const version = readJson(path.join(packageFolder, 'package.json')).version;
  const metadata = path.join(folder, '_nlcBuildMetadata.json');
  const release = existsSync(metadata) ? readJson(metadata).buildOptions?.llamaCpp?.release : 'unknown';
  if (version === pinned.packageVersion && release === pinned.release) return;
  throw new BuildError(
    `headers and libraries disagree: ${folder} holds llama.cpp ${release} (package ${version}), ` +
      `the headers are of ${pinned.release} (package ${pinned.packageVersion})`,
    'reinstall: remove node_modules and run `npm ci`',
  );
}

/**
 * Unpacks the bundle: only the public headers, or all of it. The folder appears whole or not at all, so an interrupted
 * unpacking cannot poison a later build.
 *
 * @returns {string} the folder
 */
export function unpackLlamaCpp(buildFolder, pinned, whole) {
  const target = path.join(buildFolder, `llama.cpp-${pinned.release}${whole ? '' : '-headers'}`);
  if (existsSync(target)) return target;
  const temporary = `${target}.${process.pid}.tmp`;
  mkdirSync(buildFolder, { recursive: true });
  try {
    git(['clone', '--quiet', '--no-checkout', pinned.bundle, temporary]);
    git(['-C', temporary, 'checkout', '--quiet', 'HEAD', '--', ...(whole ? ['.'] : headerFolders)]);
    rmSync(path.join(temporary, '.git'), { recursive: true, force: true });
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return target;
}

function git(parameters) {
  const result = spawnSync('git', parameters, { encoding: 'utf8' });
  if (result.status === 0) return;
  const said = (result.stderr || result.error?.message || `exit code ${result.status}`).trim();
  throw new BuildError(
    `git could not unpack llama.cpp: ${said}`,
    'check the disk space, then run `npm run build:native`',
  );
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
