// Builds the native addon: one for each llama.cpp library variant that is installed, or, with --from-source, one over
// llama.cpp built from the bundle that node-llama-cpp carries. Run by `npm install` in a clone; safe to repeat.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const pinned = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).dependencies['node-llama-cpp'];

/** @returns {string} the folder of an installed package */
function packageFolder(name) {
  return path.dirname(require.resolve(`${name}/package.json`));
}

function nodeLlamaCppFolder() {
  // Its "exports" hide package.json, so go up from the entry point.
  let folder = path.dirname(fileURLToPath(import.meta.resolve('node-llama-cpp')));
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

/** Prebuilt library variants for this platform: name (cpu, cuda, vulkan, metal) and folder. */
function installedVariants() {
  const scope = path.join(nodeLlamaCppFolder(), '..', '@node-llama-cpp');
  const platform = { linux: 'linux', darwin: 'mac', win32: 'win' }[process.platform];
  const prefix = `${platform}-${process.arch}`;
  const variants = [];
  for (const name of existsSync(scope) ? readdirSync(scope) : []) {
    if (name !== prefix && !name.startsWith(`${prefix}-`)) continue;
    const bins = path.join(scope, name, 'bins');
    for (const bin of existsSync(bins) ? readdirSync(bins) : []) {
      const folder = path.join(bins, bin);
      if (!readdirSync(folder).some((file) => /llama\./.test(file))) continue;
      variants.push({ name: name.slice(prefix.length + 1) || 'cpu', folder });
    }
  }
  return variants;
}

function checkout(folder) {
  const bundle = path.join(nodeLlamaCppFolder(), 'llama', 'gitRelease.bundle');
  if (existsSync(path.join(folder, 'include', 'llama.h'))) return;
  const result = spawnSync('git', ['-c', 'advice.detachedHead=false', 'clone', '--quiet', bundle, folder], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error(`could not unpack ${bundle} with git`);
}

async function main() {
  const fromSource = process.argv.includes('--from-source') || process.env.npm_config_from_source === 'true';
  const tests = process.argv.includes('--tests');
  const llamaSource = path.join(root, 'build', `llama.cpp-${pinned}`);
  checkout(llamaSource);
  const variants = fromSource ? [] : installedVariants();
  const { BuildSystem } = require('cmake-js');
  const build = new BuildSystem({
    directory: path.join(root, 'native'),
    out: path.join(root, 'build', fromSource ? 'native-source' : 'native'),
    cMakeOptions: {
      ISHEEP_LLAMA_SOURCE: llamaSource,
      ISHEEP_VARIANTS: variants.map((variant) => `${variant.name}=${variant.folder}`).join(';'),
      ISHEEP_FROM_SOURCE: fromSource ? 'ON' : 'OFF',
      ISHEEP_TESTS: tests ? 'ON' : 'OFF',
      NODE_ADDON_API_DIR: packageFolder('node-addon-api'),
    },
  });
  build.options.isNodeApi = true; // Node's headers come from the package node-api-headers, without a download
  await build.build();
}

await main();
