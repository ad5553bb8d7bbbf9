// Instead of `npm ci`, for machines without a GPU: installs everything but the GPU libraries of llama.cpp, which are more
// than half of an installation, and builds. npm has no switch for that, so it is told to leave out all optional packages,
// and then gets those of this platform by name, in the versions of the lock file.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** "name@version" of each optional package that suits this platform and holds no GPU libraries. */
export function optionalPackages(lock, { platform, arch, libc }) {
  const suits = (list, value) =>
    !list || list.includes(value) || (list.some((item) => item[0] === '!') && !list.includes(`!${value}`));
  return Object.entries(lock.packages)
    .filter(([place, entry]) => entry.optional && place.lastIndexOf('node_modules/') === 0)
    .map(([place, entry]) => ({ name: place.slice('node_modules/'.length), ...entry }))
    .filter(({ os, cpu, libc: needed }) => suits(os, platform) && suits(cpu, arch) && (!libc || suits(needed, libc)))
    .filter(({ name }) => !name.startsWith('@node-llama-cpp/') || name === llamaCppPackage(platform, arch))
    .map(({ name, version }) => `${name}@${version}`);
}

/** Apple's processors have one package, with Metal; it is small. */
function llamaCppPackage(platform, arch) {
  if (platform === 'darwin' && arch === 'arm64') return '@node-llama-cpp/mac-arm64-metal';
  return `@node-llama-cpp/${{ darwin: 'mac', win32: 'win' }[platform] ?? platform}-${arch}`;
}

function npm(...parameters) {
  console.log(`npm ${parameters.slice(0, 3).join(' ')}${parameters.length > 3 ? ' …' : ''}`);
  const result = spawnSync('npm', parameters, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function libcOfThisMachine() {
  if (process.platform !== 'linux') return undefined;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const { platform, arch } = process;
  const packages = optionalPackages(lock, { platform, arch, libc: libcOfThisMachine() });
  npm('ci', '--omit=optional', '--ignore-scripts');
  npm('install', '--no-save', '--ignore-scripts', '--omit=optional', ...packages);
  npm('run', 'build');
}
