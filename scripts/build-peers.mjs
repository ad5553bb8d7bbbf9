// Builds llama.cpp's own programs out of node-llama-cpp's bundle: the peers that `npm run bench` measures beside us and
// the oracles of slow tests. Once, into build/peers; several minutes. Libraries and programs of one build, with the CPU
// kernels for each instruction set, as in our own build from source.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError } from './native/build-error.mjs';
import { pinnedLlamaCpp, unpackLlamaCpp } from './native/llama-cpp.mjs';
import { checkCMake, checkCompiler, checkGit } from './native/toolchain.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const programs = ['llama-batched-bench', 'llama-perplexity', 'llama-server'];
/** Links the CPU's kernels itself, so that it is not there where they are loaded. */
const linkedPrograms = ['llama-export-lora'];
const suffix = process.platform === 'win32' ? '.exe' : '';

const settings = {
  CMAKE_BUILD_TYPE: 'Release',
  BUILD_SHARED_LIBS: 'ON',
  GGML_BACKEND_DL: 'ON',
  GGML_CPU_ALL_VARIANTS: 'ON',
  GGML_NATIVE: 'OFF',
  LLAMA_BUILD_TESTS: 'OFF',
  LLAMA_BUILD_EXAMPLES: 'OFF',
  LLAMA_BUILD_APP: 'OFF',
  LLAMA_BUILD_UI: 'OFF',
  LLAMA_USE_PREBUILT_UI: 'OFF', // it would be downloaded
  LLAMA_OPENSSL: 'OFF',
};

/**
 * @param {string} buildFolder where build/ is
 * @returns {string} the folder that the programs lie in
 */
export function buildPeers(buildFolder = path.join(root, 'build')) {
  return build(buildFolder, 'peers', settings, programs);
}

/**
 * @param {string} buildFolder where build/ is
 * @returns {string} the folder that llama-export-lora lies in
 */
export function buildExportLora(buildFolder = path.join(root, 'build')) {
  const linked = { BUILD_SHARED_LIBS: 'OFF', GGML_BACKEND_DL: 'OFF', GGML_CPU_ALL_VARIANTS: 'OFF', GGML_OPENMP: 'OFF' };
  return build(buildFolder, 'export-lora', { ...settings, ...linked }, linkedPrograms);
}

function build(buildFolder, name, definitionsOf, programs) {
  const out = path.join(buildFolder, name);
  const bin = path.join(out, 'bin');
  if (programs.every((program) => existsSync(path.join(bin, program + suffix)))) return bin;
  for (const check of [checkGit, checkCMake, checkCompiler]) check();
  const source = unpackLlamaCpp(buildFolder, pinnedLlamaCpp(root), true);
  mkdirSync(out, { recursive: true });
  const log = path.join(out, 'build.log');
  const definitions = Object.entries(definitionsOf).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', ['-S', source, '-B', out, ...definitions], log);
  const parallel = String(os.availableParallelism());
  run('cmake', ['--build', out, '--config', 'Release', '--parallel', parallel, '--target', ...programs], log);
  return bin;
}

function run(command, parameters, log) {
  const file = openSync(log, 'a');
  const { status, error } = spawnSync(command, parameters, { stdio: ['ignore', file, file] });
  if (status === 0) return;
  const said = readFileSync(log, 'utf8').split('\n').slice(-30).join('\n');
  throw new BuildError(`llama.cpp's programs could not be built: ${error?.message ?? said}`, `all of it is in ${log}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${buildPeers()}\n`);
}
