import { afterEach, expect, test } from 'vitest';

import { temporaryFile, temporaryFolder } from '../../support/temporary-folder.js';
import { isheep } from './support.js';

const cacheBefore = process.env.XDG_CACHE_HOME;
afterEach(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
});

test('what a benchmark does not read is refused, all of it, with the benchmarks that read it', async () => {
  const { exitCode, stderr } = await isheep(
    'evaluate knowledge --form chat --max-tokens 9 --shots 2 --baseline a.json',
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--form chat: knowledge does not read it');
  expect(stderr).toContain('--max-tokens 9: knowledge does not read it');
  expect(stderr).toContain('--baseline: knowledge has no such file');
  expect(stderr).toContain('--form is for triviaqa, nq-open, squad2');
  expect(stderr).not.toContain('--shots 2');
});

test('a model or an adapter beside a run is refused', async () => {
  const { exitCode, stderr } = await isheep('evaluate knowledge --run r --model a.gguf --adapter b.gguf');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--adapter and --run cannot be given together');
  expect(stderr).toContain('--model and --run cannot be given together');
});

test('an interrupted evaluation exits with 130 and says how to go on, with --fresh and without', async () => {
  process.env.XDG_CACHE_HOME = temporaryFolder();
  const rows = Array.from({ length: 300 }, (_, i) => ({
    sentence: `${i} is _ .`,
    option1: 'a',
    option2: 'b',
    answer: '1',
  }));
  const data = temporaryFile('winogrande.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  const words = ['evaluate', 'winogrande', '--data', data, '--model', temporaryFile('model.gguf', 'a model')];
  const interrupted = (more: string[] = []) => {
    const stop = new AbortController();
    return isheep([...words, ...more], { engine: { onCall: () => stop.abort() }, interrupts: { stop: stop.signal } });
  };
  const { exitCode, stderr } = await interrupted();
  expect(exitCode).toBe(130);
  expect(stderr).toContain('error [interrupted] stopped after 256 of 300 items were answered');
  expect(stderr).toContain('the same command continues; what was answered is remembered');
  expect((await interrupted(['--fresh'])).stderr).toContain('the same command without --fresh continues;');
  const { exitCode: ended, stderr: told } = await isheep(words);
  expect(ended).toBe(0);
  expect(told).toContain('512 answers were remembered');
});
