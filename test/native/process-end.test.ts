// The end of a thread or a process while a call runs, and forgotten objects: no crash, no hanging.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, test } from 'vitest';

import { loadAddon } from '../../src/native/load-addon.js';
import { realModelPath } from '../support/models.js';

const root = path.resolve(import.meta.dirname, '../..');

/** The built addon file and the folder of its libraries, found by loading them here. */
function addonPlace(): { file: string; directory: string } {
  loadAddon();
  const files = (process.report.getReport() as unknown as { sharedObjects: string[] }).sharedObjects;
  const file = files.find((name) => name.endsWith('.node') && name.includes('isheep-')) ?? '';
  const library = files.find((name) => /libggml-base|ggml-base\.dll/.test(name)) ?? '';
  return { file, directory: path.dirname(library) };
}

/** Runs `body` in a fresh node, with addon, model, runner and `start` (an endless call) at hand; also in a worker thread
 *  of it, or several, where `workers` says so. Returns how the process ended. */
function run(
  body: string,
  workers = 0,
): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const { file, directory } = addonPlace();
  const source = `
    import { createRequire } from 'node:module';
    const addon = createRequire(${JSON.stringify(pathToFileURL(root + '/').href)})(${JSON.stringify(file)});
    addon.loadBackends({ directory: ${JSON.stringify(directory)} });
    const model = await addon.loadModel({ path: ${JSON.stringify(realModelPath())}, device: 'cpu', vocabularyOnly: false });
    let runner = await model.createRunner({ sequences: 2, sequenceTokens: 1024, batchTokens: 64, microBatchTokens: 64, threads: 1 });
    const request = { tokens: Int32Array.of(504, 6330), maxTokens: 1000, stop: [], seed: 1,
      sampling: { temperature: 1, topK: 0, topP: 1, minP: 0 } };
    const start = (n) => { const call = runner.generate(Array(n).fill(request), () => {}); call.catch(() => {}); return call; };
    ${body}`;
  const main = `import { Worker } from 'node:worker_threads';
    for (let i = 0; i < ${workers}; i++) {
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(source)})));
      worker.on('message', () => worker.terminate());
      worker.on('error', (error) => console.log(error));
      worker.on('exit', (code) => console.log('exit', code));
    }`;
  const result = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', workers > 0 ? main : source],
    {
      encoding: 'utf8',
      timeout: 100_000,
    },
  );
  return { status: result.status, signal: result.signal, stdout: result.stdout, stderr: result.stderr };
}

test('process.exit during a call ends the process once the call is cancelled', () => {
  const result = run(`start(2); process.once('exit', () => runner.cancel()); setTimeout(() => process.exit(3), 300);`);
  expect(result).toMatchObject({ status: 3, signal: null, stderr: '' });
});

test('a process ends by itself with nothing disposed', () => {
  expect(run(`await runner.generate([{ ...request, maxTokens: 3 }], () => {}); console.log('done');`)).toEqual({
    status: 0,
    signal: null,
    stdout: 'done\n',
    stderr: '',
  });
});

test('an exception that nobody catches, during a call, ends the process as any does', () => {
  const result = run(
    `start(1); process.once('exit', () => runner.cancel()); setTimeout(() => { throw new Error('oh'); }, 200);`,
  );
  expect(result).toMatchObject({ status: 1, signal: null });
  expect(result.stderr).toContain('Error: oh');
});

test('forgotten objects are collected', () => {
  const result = run(`
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 6; i++) {
      runner = await model.createRunner({ sequences: 8, sequenceTokens: 1024, batchTokens: 64, microBatchTokens: 64, threads: 1 });
      await runner.generate([{ ...request, maxTokens: 2 }], () => {});
      runner = null;
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
    }
    console.log(Math.round((process.memoryUsage.rss() - before) / 1e6));`);
  expect(result).toMatchObject({ status: 0, signal: null, stderr: '' });
  expect(Number(result.stdout)).toBeLessThan(600); // six caches would take 1100
});

test('a runner keeps a forgotten model alive', () => {
  const result = run(`
    const options = { path: ${JSON.stringify(realModelPath())}, device: 'cpu', vocabularyOnly: false };
    const shape = { sequences: 1, sequenceTokens: 64, batchTokens: 64, microBatchTokens: 64, threads: 1 };
    const kept = await (async () => (await addon.loadModel(options)).createRunner(shape))();
    for (let i = 0; i < 3; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [completion] = await kept.generate([{ ...request, maxTokens: 3 }], () => {});
    console.log(completion.tokens.length);
    await kept.dispose();`);
  expect(result).toEqual({ status: 0, signal: null, stdout: '3\n', stderr: '' });
});

test('a worker thread may end while its call runs', () => {
  const result = run(
    `import { parentPort } from 'node:worker_threads';
     start(1);
     setTimeout(() => parentPort.postMessage('terminate'), 300);
     setInterval(() => {}, 1000);`,
    1,
  );
  expect(result).toMatchObject({ status: 0, signal: null, stderr: '' });
  expect(result.stdout).toBe('exit 1\n');
});

test('two worker threads use the addon at the same time', () => {
  const result = run(
    `const [completion] = await runner.generate([{ ...request, maxTokens: 5 }], () => {});
     console.log(completion.tokens.length);
     await model.dispose();`,
    2,
  );
  expect(result).toMatchObject({ status: 0, signal: null, stderr: '' });
  expect(result.stdout.split('\n').toSorted().join(' ').trim()).toBe('5 5 exit 0 exit 0');
});
