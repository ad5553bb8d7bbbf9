// Makes what the tests stand on, and is quick when all is there: the addons, the C++ tests, dist/, the real model.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const model = 'smollm2-135m-instruct';

function run(command, parameters) {
  const result = spawnSync(command, parameters, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Newest change under a folder, milliseconds; 0 where it is not there. */
function newestChange(folder) {
  if (!existsSync(folder)) return 0;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...entries.map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs));
}

run(process.execPath, ['scripts/build-native.mjs', '--tests']);
if (newestChange(path.join(root, 'dist')) < newestChange(path.join(root, 'src'))) {
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'src/tsconfig.json']);
}

const { fetchModel } = await import('../dist/engine/fetch/fetch-model.js');
const { knownModel } = await import('../dist/engine/known-models.js');
try {
  const { path: file, source } = await fetchModel(knownModel(model), {
    onNote: (note) => console.error(`note: ${note}`),
  });
  if (source) console.log(`isheep: ${model} fetched from ${source} to ${path.relative(root, file)}`);
} catch (error) {
  console.error(`error [${error.code}] ${error.message}\nhint: ${error.hint}`);
  process.exit(1);
}
