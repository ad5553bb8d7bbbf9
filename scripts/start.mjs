// `npm start`: fetches the demo's model and runs two small iterations of the loop in runs/demo.
// Further options are passed on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const isheep = path.join(root, 'dist', 'cli', 'main.js');

if (!existsSync(isheep)) {
  console.error('error: isheep is not built yet\nhint: run `npm ci`, which builds it, or `npm run build`');
  process.exit(1);
}

/** Exit code of a finished run whose best model is the base: an honest result of a demo, and no failure of npm's. */
const baseIsBest = 3;

// Ctrl-C reaches isheep, too, which ends when nothing is lost by it: this waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);

async function run(parameters) {
  const child = spawn(process.execPath, [isheep, ...parameters], { stdio: 'inherit' });
  const [status] = await once(child, 'close');
  if (status !== 0 && status !== baseIsBest) process.exit(status ?? 1);
}

const options = process.argv.slice(2);
const namesRun = options.some((option) => option === '--run' || option.startsWith('--run='));
await run(['fetch', 'smollm2-135m-instruct']);
// One folder for all starts, so that `npm start` continues what an earlier one has begun.
await run(['run', '--preset', 'demo', ...(namesRun ? [] : ['--run', path.join('runs', 'demo')]), ...options]);
