// Builds the native addon: one for each llama.cpp library variant that is installed, or one over llama.cpp built from
// source. Run by `npm install`; safe to repeat: what has not changed is not built again. `--help` lists the options.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError } from './native/build-error.mjs';
import { installedVariants, pinnedLlamaCpp, unpackLlamaCpp } from './native/llama-cpp.mjs';
import { checkCMake, checkCompiler, checkGit, checkNode, explainCMakeFailure } from './native/toolchain.mjs';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const help = `node scripts/build-native.mjs [options]
  --from-source   build llama.cpp itself from the bundle of node-llama-cpp (many minutes); also npm_config_from_source
  --cuda          from source: with the CUDA backend (needs the CUDA toolkit)
  --vulkan        from source: with the Vulkan backend (needs the Vulkan SDK)
  --metal         from source: with the Metal backend (macOS; on by default there)
  --tests         the C++ tests and the maker of tiny models too
  --out FOLDER    build there instead of build/native (from source: build/native-source), where the loader looks
  --verbose       show what CMake and the compiler say
  --help          this text`;

function parseOptions(parameters) {
  const known = ['from-source', 'cuda', 'vulkan', 'metal', 'tests', 'verbose', 'help'];
  const options = Object.fromEntries(known.map((name) => [name, false]));
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i];
    const name = parameter.replace(/^--/, '');
    if (name === 'out' && parameters[i + 1]) {
      options.out = path.resolve(parameters[++i]);
      continue;
    }
    if (!known.includes(name)) throw new BuildError(`unknown option ${parameter}`, help);
    options[name] = true;
  }
  options['from-source'] ||= ['true', '1'].includes(process.env.npm_config_from_source ?? '');
  options['from-source'] ||= options.cuda || options.vulkan || options.metal;
  return options;
}

/** Runs a command with its output in the log (and on the terminal with `verbose`); the log's text on failure. */
async function runLogged(command, parameters, { cwd, log, verbose }) {
  const file = openSync(log, 'a');
  try {
    const child = spawn(command, parameters, { cwd, stdio: verbose ? 'inherit' : ['ignore', file, file] });
    const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (status === 0) return;
  } finally {
    closeSync(file);
  }
  const said = verbose ? '' : readFileSync(log, 'utf8');
  const explained = explainCMakeFailure(said);
  if (explained) throw explained;
  if (said) process.stderr.write(`${said}\n`);
  throw new BuildError('the native addon could not be built', verbose ? 'see above' : `the log above is ${log}`);
}

/** cmake-js knows Node's headers, the generator and the toolset; it yields the command lines that are run here. */
async function cmakeCommands(out, options, llamaSource, variants) {
  const { BuildSystem } = require('cmake-js');
  const build = new BuildSystem({
    directory: path.join(root, 'native'),
    out,
    parallel: os.availableParallelism(),
    noLog: true,
    cMakeOptions: {
      ISHEEP_LLAMA_SOURCE: slashes(llamaSource),
      ISHEEP_VARIANTS: variants.map((variant) => `${variant.name}=${slashes(variant.folder)}`).join(';'),
      ISHEEP_FROM_SOURCE: options['from-source'] ? 'ON' : 'OFF',
      ISHEEP_TESTS: options.tests ? 'ON' : 'OFF',
      ...(options['from-source'] && {
        GGML_CUDA: options.cuda ? 'ON' : 'OFF',
        GGML_VULKAN: options.vulkan ? 'ON' : 'OFF',
        GGML_METAL: options.metal || process.platform === 'darwin' ? 'ON' : 'OFF',
      }),
      NODE_ADDON_API_DIR: slashes(path.dirname(require.resolve('node-addon-api/package.json'))),
    },
  });
  build.options.isNodeApi = true; // Node's headers come from the package node-api-headers, without a download
  try {
    return await Promise.all([build.getConfigureCommand(), build.getBuildCommand()]);
  } catch (error) {
    throw explainCMakeFailure(error.message) ?? error;
  }
}

/** Configures where the command line or the place of the clone is new, and builds what has changed. */
async function configureAndBuild(out, [configure, build], run) {
  const stamp = path.join(out, 'configured.json');
  const wanted = JSON.stringify({ out, configure });
  const done = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (done !== wanted) {
    // CMake refuses a build folder that was moved or that another generator made: start over.
    if (done === '' || JSON.parse(done).out !== out) rmSync(path.join(out, 'CMakeCache.txt'), { force: true });
    const [command, ...parameters] = configure;
    await runLogged(command, parameters, run);
    writeFileSync(stamp, wanted);
  }
  const [command, ...parameters] = build;
  await runLogged(command, parameters, run);
}

/** Tells the loader (src/native/library-variant.ts) what was built; paths are relative to the file's own folder. */
function writeManifest(out, pinned, variants, fromSource) {
  const relative = (folder) => slashes(path.relative(out, folder));
  // Generators of several configurations (Visual Studio) add the configuration's name.
  const bin = existsSync(path.join(out, 'bin', 'Release')) ? 'bin/Release' : 'bin';
  const built = fromSource
    ? [{ name: 'source', addon: 'Release/isheep-source.node', libraries: bin }]
    : variants.map(({ name, folder }) => ({ name, addon: `Release/isheep-${name}.node`, libraries: relative(folder) }));
  const manifest = { packageVersion: pinned.packageVersion, release: pinned.release, variants: built };
  const file = path.join(out, 'variants.json');
  writeFileSync(`${file}.tmp`, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}

async function main() {
  const started = Date.now();
  checkNode();
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(help);
  const pinned = pinnedLlamaCpp(root);
  const variants = options['from-source'] ? [] : installedVariants(pinned);
  if (!options['from-source'] && variants.length === 0) {
    console.log(
      `isheep: no prebuilt llama.cpp libraries for ${process.platform}-${process.arch} are installed; ` +
        'building llama.cpp from source, which takes many minutes',
    );
    options['from-source'] = true;
  }
  checkCMake();
  const buildFolder = path.join(root, 'build');
  checkGit();
  const llamaSource = unpackLlamaCpp(buildFolder, pinned, options['from-source']);
  const out = options.out ?? path.join(buildFolder, options['from-source'] ? 'native-source' : 'native');
  mkdirSync(out, { recursive: true });
  const log = path.join(out, 'build.log');
  writeFileSync(log, '');
  checkCompiler(existsSync(path.join(out, 'CMakeCache.txt')));
  const commands = await cmakeCommands(out, options, llamaSource, variants);
  await configureAndBuild(out, commands, { cwd: out, log, verbose: options.verbose });
  writeManifest(out, pinned, variants, options['from-source']);
  const names = options['from-source'] ? 'from source' : variants.map((variant) => variant.name).join(', ');
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`isheep: native addon (${names}; llama.cpp ${pinned.release}) ready after ${seconds} s`);
}

/** CMake takes forward slashes on every system. */
function slashes(file) {
  return file.replaceAll(path.sep, '/');
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.hint}`);
  process.exitCode = 1;
}
