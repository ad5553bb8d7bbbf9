// The commands of a run on the fake engine: what they print, and how they exit.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { timeName } from '../../../src/cli/commands/run.js';
import { previewText } from '../../../src/cli/preview-text.js';
import { configSchema } from '../../../src/config/schema.js';
import type { RunSummary } from '../../../src/pipeline/events.js';
import type { Preview } from '../../../src/pipeline/preview.js';
import type { ShownRunTraining } from '../../../src/pipeline/show.js';
import { fakeEngine } from '../../support/fake-engine.js';
import { runFolder, type RunFolder } from '../../support/run-folder.js';
import { isheep } from './support.js';

let folder: RunFolder;
let words: string[];
beforeAll(() => {
  folder = runFolder();
  const settings = [
    '--instructions',
    '24',
    '--synthesize-chunk',
    '8',
    '--assess-method',
    'likelihood',
    '--select-share',
    '0.8',
    '--gate-suite',
    'seed-loss,knowledge',
  ];
  const { model, seeds = '' } = folder.config;
  words = ['run', '--run', folder.runDir, '--model', model, '--seeds', seeds, '--iterations', '2', ...settings];
});
afterAll(() => folder.remove());

describe('isheep run', () => {
  it('stops after a chunk when it is interrupted, and says how to continue', async () => {
    const stop = new AbortController();
    const { exitCode, stdout, stderr } = await isheep(words, {
      engine: { onCall: () => stop.abort() },
      interrupts: { stop: stop.signal },
    });
    expect(stderr).toMatch(/error \[interrupted\] stopped in iteration 1, stage synthesize, after .*\n/);
    expect(stderr).toContain(`hint: continue with: isheep ${words.join(' ')}\n`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
  });

  it('continues with the same command, and prints the summary', async () => {
    const { exitCode, stdout, stderr } = await isheep(words);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`continuing ${folder.runDir}`);
    expect(stderr).toContain('iteration 2 of 2, written by the adapter of the iteration before');
    expect(stdout).toMatch(
      /^iteration 1, written by the base\n {2}synthesize {2}\d+ requests, \d+ parsed, 24 instructions kept\n/,
    );
    expect(stdout).toMatch(/best: iteration \d, .*adapter\.gguf/);
    expect(existsSync(path.join(folder.runDir, 'iterations', '2', 'adapter.gguf'))).toBe(true);
  });

  it('prints one JSON object with --json: the summary of the finished run', async () => {
    const { exitCode, stdout, stderr } = await isheep([...words, '--json', '--quiet']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const summary = JSON.parse(stdout) as RunSummary;
    expect(summary.iterations.map(({ iteration }) => iteration)).toEqual([1, 2]);
    expect(summary.iterations.every(({ train }) => train.tokens > 0 && train.pairs >= 12)).toBe(true);
  });

  it('refuses to mix settings, and names the one that changed', async () => {
    const { exitCode, stderr } = await isheep([...words, '--train-rank', '4']);
    expect(stderr).toMatch(/^error \[run-changed\] .*train\.rank.*16.*4/s);
    expect(exitCode).toBe(2);
  });

  it('exits with 3 where the base is best', async () => {
    const other = runFolder();
    const changed = words.map((word) => (word === folder.runDir ? other.runDir : word));
    const { exitCode, stdout } = await isheep(changed, { engine: { lossFactor: 1.2 } });
    expect(exitCode).toBe(3);
    expect(stdout).toContain('best: the base');
    other.remove();
  });

  it.each(['run', 'run --preview', 'plan'])('%s tells all files that are missing at once', async (verb) => {
    const models = ['--model', 'no.gguf', '--assess-judge', 'judge.gguf'];
    const missing = [...models, '--seeds', 'no.jsonl', '--chat-template', 'no.jinja'];
    const { exitCode, stderr } = await isheep([...verb.split(' '), ...missing, '--run', folder.runDir]);
    expect(stderr.match(/^error .*$/gm)).toEqual([
      expect.stringMatching(/^error \[bad-input\] the model file \S*no\.gguf does not exist$/),
      expect.stringMatching(/^error \[bad-input\] the model file \S*judge\.gguf does not exist$/),
      'error [bad-input] cannot read no.jsonl: there is no such file',
      'error [bad-input] chatTemplate "no.jinja" is neither a known template nor a file',
    ]);
    expect(exitCode).toBe(2);
  });

  it('names a folder by the time where none is given', () => {
    expect(timeName(new Date(2026, 2, 1, 4, 5, 9))).toBe('2026-03-01-04-05-09');
  });
});

describe('isheep plan', () => {
  const planWords = () => words.map((word) => (word === 'run' ? 'plan' : word));

  it('says what the run takes, and the memory of training by part with which weights are copied', async () => {
    const { exitCode, stdout } = await isheep([...planWords(), '--train-copied-weights', 'transposed']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /\n {2}memory {4}about [\d.]+ [MG]B at the peak: writing and judging [\d.]+ [MG]B, training 900 MB\n/,
    );
    expect(stdout).toMatch(/\n {2}measured {2}\d+ requests in .* s, \d+ responses in .* s, \d+ pairs judged in .* s, /);
    expect(stdout).toContain(
      '  training  about 900 MB (859 MiB) of memory: 100 MB model, 200 MB copies of weights (transposed), 100 MB adapter and ' +
        'optimizer, 300 MB activations, 100 MB graphs, 100 MB the process itself; samples of 1,024 tokens\n',
    );
  });

  it('is an error with the longest that fits where training does not', async () => {
    const { exitCode, stdout, stderr } = await isheep([...planWords(), '--train-memory', '300']);
    expect(stderr).toMatch(
      /error \[not-enough-memory\] training on samples of up to 1024 tokens .*\nhint: the longest/,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });
});

describe('isheep status', () => {
  it('shows a line a stage', async () => {
    const { exitCode, stdout } = await isheep(['status', '--run', folder.runDir]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${folder.runDir}: finished; iteration \\d is best\n`));
    expect(stdout).toMatch(/ {2}✓ synthesize\s+24 of 24 instructions/);
  });

  it('is one object with --json', async () => {
    const { stdout } = await isheep(['status', '--run', folder.runDir, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ runDir: folder.runDir, isFinished: true, isRunning: false });
  });

  it('says where there is no run', async () => {
    const { exitCode, stderr } = await isheep(['status', '--run', path.join(folder.dir, 'nothing')]);
    expect(stderr).toMatch(/^error \[bad-input\] .*nothing.*\nhint: /);
    expect(exitCode).toBe(2);
    expect(existsSync(path.join(folder.dir, 'nothing'))).toBe(false);
  });
});

describe('isheep show', () => {
  it.each(['candidates', 'verdicts', 'dataset', 'steps', 'prompts'])('prints %s as JSON Lines', async (topic) => {
    const { exitCode, stdout } = await isheep(['show', topic, '--run', folder.runDir, '--iteration', '1']);
    expect(exitCode).toBe(0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(rows.length).toBeGreaterThan(0);
  });

  it('prints the dataset as the file of the iteration has it', async () => {
    const { stdout } = await isheep(['show', 'dataset', '--run', folder.runDir, '--iteration', '1']);
    expect(stdout).toBe(readFileSync(path.join(folder.runDir, 'iterations', '1', 'dataset.jsonl'), 'utf8'));
  });

  it('shows what was trained on token by token, trained tokens in brackets, and the counts', async () => {
    const words = ['show', 'training', '--run', folder.runDir, '--iteration', '1', '--limit', '1'];
    const { stdout, stderr } = await isheep(words);
    expect(stderr).toBe('iteration 1\n');
    expect(stdout).toMatch(/^context · token by token, \[what\]\[ is\]\[ trained\]\[ on\]\n/);
    expect(stdout).toMatch(/\nsample 1 of \d+, .*: \d+ tokens, \d+ trained on\n[^[]*·\\n\n(\[.\])+(\[<end>\])?\n/);
    expect(stdout).toMatch(/\n\d+ samples with [\d,]+ tokens, [\d,]+ of them trained on; \d+ samples? held out\n/);
    const shown = JSON.parse((await isheep([...words, '--json', '--quiet'])).stdout) as ShownRunTraining;
    expect(shown).toMatchObject({ topic: 'training', iteration: 1 });
    expect(shown.samples).toHaveLength(1);
    const [sample] = shown.samples;
    expect(sample?.pieces).toHaveLength(sample?.tokens.length ?? 0);
  });

  it('shows as many rows as are asked for', async () => {
    const words = ['show', 'dataset', '--run', folder.runDir, '--iteration', '1', '--limit', '2'];
    expect((await isheep(words)).stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it('says which iterations there are', async () => {
    const { exitCode, stderr } = await isheep(['show', 'dataset', '--run', folder.runDir, '--iteration', '9']);
    expect(stderr).toMatch(/error \[bad-input\] the run .* has no iteration 9\nhint: it has the iterations 1 to 2\n/);
    expect(exitCode).toBe(2);
  });
});

describe('isheep run --preview', () => {
  const previewWords = () => {
    const other = runFolder();
    return { other, all: [...words.map((word) => (word === folder.runDir ? other.runDir : word)), '--preview'] };
  };

  it('shows numbered pairs, says what a run would do, and writes nothing', async () => {
    const { other, all } = previewWords();
    const { exitCode, stdout, stderr } = await isheep(all);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^1 {2}c-1-1, written by request s-1-1\n {2}instruction {2}\S.*\n( {2}input .*\n)? {2}response .*\n {2}assessment {3}rank [01]\.\d\d\n\n2 {2}/,
    );
    expect(stdout).toMatch(/\n10 pairs from \d requests; synthesize [\d.:]+ s, respond [\d.:]+ s, assess [\d.:]+ s\n/);
    expect(stdout).toMatch(
      /\nhint: nothing was written; without --preview the run makes 24 instructions in each of 2 iterations .*\n$/,
    );
    expect(stderr).toMatch(/synthesize.*\n.*respond.*\n/s);
    expect(existsSync(other.runDir)).toBe(false);
    other.remove();
  });

  it('is one JSON object with --json', async () => {
    const { other, all } = previewWords();
    const { stdout, stderr } = await isheep([...all, '--json', '--quiet']);
    const made = JSON.parse(stdout) as Preview;
    expect(made.pairs).toHaveLength(10);
    expect(made).toMatchObject({ method: 'likelihood', unparsed: {} });
    expect(stderr).toBe('');
    other.remove();
  });

  it('stops at the first signal', async () => {
    const { other, all } = previewWords();
    const stop = new AbortController();
    const { exitCode, stdout, stderr } = await isheep(all, {
      engine: { onCall: () => stop.abort() },
      interrupts: { stop: stop.signal },
    });
    expect(stderr).toMatch(/^error \[interrupted\] /m);
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    other.remove();
  });

  it('tells all that is wrong with the settings before the model is opened', async () => {
    const { other, all } = previewWords();
    let isOpened = false;
    const createEngine = () => {
      isOpened = true;
      return fakeEngine();
    };
    const wrong = [...all, '--synthesize-method', 'documents', '--train-patience', '2', '--train-validation', '0'];
    const { exitCode, stderr } = await isheep(wrong, { createEngine });
    expect(stderr.match(/^error \[bad-config\] .*$/gm)).toEqual([
      'error [bad-config] --synthesize-method documents needs own.documents: the files that passages are drawn from',
      expect.stringMatching(/--train-patience needs --train-validation above 0/),
    ]);
    expect({ exitCode, isOpened }).toEqual({ exitCode: 2, isOpened: false });
    other.remove();
  });
});

describe('a preview in words', () => {
  const candidate = { instruction: 'Sum up\n the text.', input: '', verdicts: [] };
  const pair = { ...candidate, id: 'c-1-1', response: `First. ${'word '.repeat(200)}`, origin: { own: 'mine' } };
  const preview: Preview = {
    pairs: [
      pair,
      {
        ...pair,
        id: 'c-1-2',
        response: '',
        origin: { passage: { file: 'book.md', number: 3 } },
        verdicts: [
          { filter: 'url', rejected: false },
          { filter: 'empty-response', rejected: true, reason: 'empty-response' },
        ],
      },
      {
        ...pair,
        id: 'c-1-3',
        origin: { own: 7 },
        input: `Bees fly. ${'buzz '.repeat(100)}`,
        assessment: { id: 'c-1-3', method: 'sampled', quality: 9, following: 8.25 },
      },
    ],
    rejected: Array.from({ length: 12 }, (_, i) => ({
      ...candidate,
      id: `c-1-${i + 4}`,
      verdicts: [{ filter: 'novelty', rejected: true, reason: 'not-new' }],
    })),
    requests: 3,
    unparsed: { 'no-task': 2 },
    method: 'sampled',
    seconds: { synthesize: 1, respond: 2, assess: 70 },
    notes: ['a note'],
  };
  const plain = { bold: String, dim: String, good: String, bad: String, notable: String };
  const text = previewText(preview, configSchema.parse({}), plain);

  it('shortens texts, names the origin and the rejection, and gives grades', () => {
    const blocks = text.split('\n\n');
    expect(blocks[0]).toMatch(
      /^1 {2}c-1-1, your own, mine\n {2}instruction {2}Sum up the text\.\n {2}response {5}First\. (word )+w\w*…$/,
    );
    expect(blocks[1]).toBe(
      '2  c-1-2, written on passage 3 of book.md\n  instruction  Sum up the text.\n  response     none\n  rejected     empty-response',
    );
    expect(blocks[2]).toMatch(/^3 {2}c-1-3, your own, line 7\n.*\n {2}input {8}Bees fly\. (buzz )+buzz…\n/);
    expect(blocks[2]).toMatch(/\n {2}assessment {3}quality 9\.0, following 8\.3$/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(420);
  });

  it('lists some of the rejected candidates, and counts the others', () => {
    const [, , , rejected = '', closing = ''] = text.split('\n\n');
    expect(rejected.split('\n')).toHaveLength(12);
    expect(rejected).toMatch(
      /^rejected before they got a response\n {2}not-new: Sum up the text\.\n[^]*\n {2}and 2 more$/,
    );
    expect(closing).toMatch(
      /^3 pairs from 3 requests \(not read: no-task 2\); synthesize 1\.0 s, respond 2\.0 s, assess 1:10\nnote: a note\nhint: /,
    );
  });
});
