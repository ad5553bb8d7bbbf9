// `npm run lint`: everything that a machine can say about the form of the code. Each check runs, whatever the others
// found; `npm run format` repairs what the formatters complain about.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clangFormatPath } from 'clang-format-node';

import { checkCpp } from './cpp-rules.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const fix = process.argv.includes('--fix');

function tool(script, ...parameters) {
  return () => passes(process.execPath, [path.join('node_modules', script), ...parameters]);
}

function passes(command, parameters) {
  return spawnSync(command, parameters, { cwd: root, stdio: 'inherit' }).status === 0;
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

const checks = {
  prettier: tool('prettier/bin/prettier.cjs', fix ? '--write' : '--check', '--log-level', 'warn', '.'),
  'clang-format': clangFormat,
  'C++ rules': cppRules,
  'tsc src': tool('typescript/bin/tsc', '--noEmit', '-p', 'src/tsconfig.json'),
  'tsc test': tool('typescript/bin/tsc', '-p', 'test/tsconfig.json'),
  eslint: tool(
    'eslint/bin/eslint.js',
    '--config',
    'scripts/lint/eslint.config.mjs',
    '--max-warnings',
    '0',
    ...(fix ? ['--fix'] : []),
    '.',
  ),
};

const failed = Object.entries(checks).filter(([, check]) => !check());
for (const [name] of failed) console.error(`lint: ${name} failed`);
console.log(
  failed.length === 0 ? 'lint: all checks passed' : `lint: ${failed.length} of ${Object.keys(checks).length} failed`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
