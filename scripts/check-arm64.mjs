// `node scripts/check-arm64.mjs [part of a test's name]`: builds the addon and the C++ tests for 64-bit ARM under Linux and runs
// the tests in an emulator, where no such machine is at hand. A minute or two to build; tests of gradients take minutes each,
// so name a part. Shows whether it compiles and computes right; not how fast, nor what a weaker order of memory accesses
// would do.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError } from './native/build-error.mjs';
import { installedVariants, pinnedLlamaCpp, unpackLlamaCpp } from './native/llama-cpp.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = path.join(root, 'build', 'arm64');
const modules = path.join(root, 'node_modules');
const needed = 'Debian has it: apt-get install g++-aarch64-linux-gnu qemu-user-static cmake ninja-build';

const toolchain = `set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
`;

function run(command, ...parameters) {
  const { error, status } = spawnSync(command, parameters, { stdio: 'inherit' });
  if (error) throw new BuildError(`${command}: ${error.message}`, needed);
  if (status !== 0) throw new BuildError(`${command} ended with ${status}`, 'see above');
}

function build() {
  const pinned = pinnedLlamaCpp(root);
  const [variant] = installedVariants(pinned, 'linux', 'arm64');
  if (variant === undefined) {
    throw new BuildError("llama.cpp's libraries for linux-arm64 are not installed", 'npm ci brings them');
  }
  mkdirSync(out, { recursive: true });
  const toolchainFile = path.join(out, 'toolchain.cmake');
  writeFileSync(toolchainFile, toolchain);
  const definitions = {
    CMAKE_TOOLCHAIN_FILE: toolchainFile,
    ISHEEP_TESTS: 'ON',
    ISHEEP_LLAMA_SOURCE: unpackLlamaCpp(path.join(root, 'build'), pinned, false),
    ISHEEP_VARIANTS: `${variant.name}=${variant.folder}`,
    NODE_ADDON_API_DIR: path.join(modules, 'node-addon-api'),
    CMAKE_JS_INC: `${path.join(modules, 'node-api-headers', 'include')};${path.join(modules, 'node-addon-api')}`,
  };
  const defined = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', '-S', path.join(root, 'native'), '-B', out, '-G', 'Ninja', ...defined);
  run('cmake', '--build', out);
}

try {
  build();
  run(
    'qemu-aarch64-static',
    '-L',
    '/usr/aarch64-linux-gnu',
    path.join(out, 'tests', 'isheep-tests'),
    ...process.argv.slice(2),
  );
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.hint}`);
  process.exitCode = 1;
}
