// The tools that a build needs: Node, git, CMake and a C++17 compiler. Where one is missing or too old, the error says
// which, and how to get it on this system.
import { spawnSync } from 'node:child_process';

import { BuildError } from './build-error.mjs';

const minimum = { node: [20, 18, 1], cmake: [3, 21] };

/** How to get each tool, by system. */
const packages = {
  git: { apt: 'git', dnf: 'git', pacman: 'git', brew: 'git', winget: 'Git.Git' },
  cmake: { apt: 'cmake', dnf: 'cmake', pacman: 'cmake', brew: 'cmake', winget: 'Kitware.CMake' },
};

export function checkNode(running = process.versions.node) {
  if (atLeast(running.split('.').map(Number), minimum.node)) return;
  throw new BuildError(
    `isheep needs Node.js ${minimum.node.join('.')} or newer; this is ${running}`,
    'get a current one from nodejs.org, or with a version manager such as nvm: `nvm install --lts`',
  );
}

export function checkGit() {
  if (versionOf('git')) return;
  throw new BuildError('git is not installed; it unpacks the headers of llama.cpp', howToGet('git'));
}

export function checkCMake() {
  const version = versionOf('cmake');
  if (!version) throw new BuildError('CMake is not installed', howToGet('cmake'));
  if (atLeast(version, minimum.cmake)) return;
  throw new BuildError(
    `CMake ${version.join('.')} is too old: ${minimum.cmake.join('.')} or newer is needed`,
    `${howToGet('cmake')}; or \`pip install cmake\``,
  );
}

/**
 * On Windows cmake-js and CMake find Visual Studio; their failures are explained by `explainCMakeFailure`.
 *
 * @param {boolean} known whether the compiler has built before: then it is only looked for, not tried
 */
export function checkCompiler(known) {
  if (process.platform === 'win32') return;
  const candidates = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  const compiler = candidates.find((name) => runs(name, ['--version']));
  if (!compiler) {
    const looked = process.env.CXX ? `CXX names ${process.env.CXX}, which does not run` : 'no c++, g++ or clang++';
    throw new BuildError(`no C++ compiler is installed (${looked})`, howToGetCompiler());
  }
  if (known) return;
  const program = '#include <filesystem>\n#include <optional>\nint main() { return std::optional<int>(0).value(); }\n';
  const parameters = ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-'];
  if (runs(compiler, parameters, program)) return;
  throw new BuildError(
    `the C++ compiler "${compiler}" cannot compile C++17 (gcc 9, clang 10 or newer can)`,
    `${howToGetCompiler()}; another compiler is chosen by the environment variable CXX`,
  );
}

/** What CMake said, as an error that says what to do; undefined where the log does not name a missing tool. */
export function explainCMakeFailure(log) {
  const noCompiler =
    /No CMAKE_C(XX)?_COMPILER could be found|could not find any instance of Visual Studio|toolset is not available/i;
  if (noCompiler.test(log)) return new BuildError('no C++ compiler was found', howToGetCompiler());
  if (/No such file or directory.*\n?.*(ninja|make)|CMAKE_MAKE_PROGRAM is not set/.test(log)) {
    return new BuildError('CMake found neither make nor ninja', howToGetCompiler());
  }
  return undefined;
}

/** Of two versions, number by number; what is not told of one is 0. */
function atLeast(version, wanted) {
  const [first] = wanted.map((number, i) => (version[i] ?? 0) - number).filter((difference) => difference !== 0);
  return (first ?? 0) >= 0;
}

function howToGetCompiler() {
  if (process.platform === 'darwin') return 'install the Xcode command line tools: `xcode-select --install`';
  if (process.platform === 'win32') {
    return (
      'install the Visual Studio Build Tools with "Desktop development with C++": ' +
      '`winget install Microsoft.VisualStudio.2022.BuildTools`'
    );
  }
  return (
    'install one: `sudo apt-get install build-essential` (Debian, Ubuntu), `sudo dnf install gcc-c++ make` (Fedora), ' +
    '`sudo pacman -S base-devel` (Arch)'
  );
}

function howToGet(tool) {
  const names = packages[tool];
  if (process.platform === 'darwin') return `install it: \`brew install ${names.brew}\``;
  if (process.platform === 'win32') return `install it: \`winget install ${names.winget}\``;
  return (
    `install it: \`sudo apt-get install ${names.apt}\` (Debian, Ubuntu), \`sudo dnf install ${names.dnf}\` (Fedora), ` +
    `\`sudo pacman -S ${names.pacman}\` (Arch)`
  );
}

function versionOf(tool) {
  const result = spawnSync(tool, ['--version'], { encoding: 'utf8' });
  const match = result.status === 0 ? /(\d+)\.(\d+)/.exec(result.stdout) : null;
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

function runs(command, parameters, input = '') {
  return spawnSync(command, parameters, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}
