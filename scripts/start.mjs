// `npm start`: fetches the demo's model and runs two small iterations of the loop. Further options are passed on.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const isheep = path.join(root, 'dist', 'cli', 'main.js');

if (!existsSync(isheep)) {
  console.error('error: isheep is not built yet\nhint: run `npm ci`, which builds it, or `npm run build`');
  process.exit(1);
}

function run(parameters) {
  const result = spawnSync(process.execPath, [isheep, ...parameters], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

run(['fetch', 'smollm2-135m-instruct']);
run(['run', '--preset', 'demo', ...process.argv.slice(2)]);
