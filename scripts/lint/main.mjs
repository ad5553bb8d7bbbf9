// `npm run lint`: everything that a machine can say about the form of the code. Each check runs, whatever the others
// found, as many at once as there are cores; `npm run format` repairs what the formatters complain about.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clangFormatPath } from 'clang-format-node';

import { checkCpp } from './cpp-rules.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const fix = process.argv.includes('--fix');

function tool(script, ...parameters) {
  return () => passes(process.execPath, [path.join('node_modules', script), ...parameters]);
}

/** What the command says comes when it has ended, so that checks which run at the same time do not mix. */
async function passes(command, parameters) {
  const child = spawn(command, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => said.push(part));
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  process.stderr.write(Buffer.concat(said));
  return status === 0;
}

function clangFormat() {
  const native = path.join(root, 'native');
  const names = readdirSync(native, { recursive: true }).filter((name) => /\.(h|cpp)$/.test(name));
  const files = names.map((name) => path.join('native', name));
  return passes(clangFormatPath, [...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...files]);
}

function cppRules() {
  const violations = checkCpp(path.join(root, 'native'));
  for (const violation of violations) console.error(violation);
  return violations.length === 0;
}

// The longest first; tsc reads src with the tests.
const checks = {
  eslint: tool(
    'eslint/bin/eslint.js',
    '--config',
    'scripts/lint/eslint.config.mjs',
    '--max-warnings',
    '0',
    ...(fix ? ['--fix'] : []),
    '.',
  ),
  tsc: tool('typescript/bin/tsc', '-p', 'test/tsconfig.json'),
  prettier: tool('prettier/bin/prettier.cjs', fix ? '--write' : '--check', '--log-level', 'warn', '.'),
  'clang-format': clangFormat,
  'C++ rules': cppRules,
};

/** Names of the checks that do not pass. */
async function failing(atOnce) {
  const open = Object.entries(checks);
  const failed = [];
  const worker = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const [name, check] = next;
      if (!(await check())) failed.push(name);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failed;
}

// Repairs change the files that other checks read.
const failed = await failing(fix ? 1 : availableParallelism());
for (const name of failed) console.error(`lint: ${name} failed`);
console.log(
  failed.length === 0 ? 'lint: all checks passed' : `lint: ${failed.length} of ${Object.keys(checks).length} failed`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
