import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { createTrainingLog } from '../../../src/pipeline/verbs/train.js';
import { file, pairs, rowsOf } from './row-files.js';
import { isheep } from './support.js';

const run = (words: readonly string[]) => isheep(words);

describe('isheep train', () => {
  it('writes an adapter and a log of every step', async () => {
    const [out, log] = [file('adapter.gguf'), file('log.jsonl')];
    const words = [
      'train',
      '--data',
      file('pairs.jsonl', pairs),
      '--out',
      out,
      '--log',
      log,
      '--epochs',
      '3',
      '--batch-size',
      '2',
    ];
    const { exitCode, stdout } = await run([...words, '--accumulate', '2', '--warmup-steps', '1', '--json', '--quiet']);
    expect(exitCode).toBe(0);
    expect(existsSync(out)).toBe(true);
    const steps = rowsOf(log).filter((row) => 'loss' in row);
    // 12 pairs, 2 held out at most, 4 a step: 3 steps an epoch.
    expect(steps.map((row) => row.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Object.keys(steps[0] ?? {})).toEqual([
      'step',
      'epoch',
      'loss',
      'lr',
      'grad_norm',
      'tokens',
      'loss_tokens',
      'seconds',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 9, adapter: out });
  });

  it('counts steps by tokens, or takes their number', async () => {
    const words = ['train', '--data', file('pairs.jsonl', pairs), '--out', file('a.gguf'), '--json', '--quiet'];
    const summary = async (...more: string[]) =>
      JSON.parse((await run([...words, '--validation', '0', ...more])).stdout) as { steps: number };
    expect(await summary('--batch-tokens', '1', '--epochs', '1')).toMatchObject({ steps: 12, adapterStep: 12 });
    expect(await summary('--batch-tokens', '100000', '--epochs', '3')).toMatchObject({ steps: 3 });
    expect(await summary('--steps', '5')).toMatchObject({ steps: 5, plannedSteps: 5 });
  });

  it.each([
    [[], 'nothing of it is kept; with --checkpoint-dir DIR the same command continues'],
    [['--checkpoint-dir'], 'the same command continues from the last checkpoint in '],
  ])('says how to go on where it is interrupted: %j', async (more, hint) => {
    const stop = new AbortController();
    const folder = more.length > 0 ? [file('checkpoints')] : [];
    const words = ['train', '--data', file('pairs.jsonl', pairs), '--out', file('a.gguf'), ...more, ...folder];
    const { exitCode, stderr } = await isheep(words, {
      engine: { onCall: () => stop.abort() },
      interrupts: { stop: stop.signal },
    });
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`\nhint: ${hint}${folder.join('')}\n`);
  });

  it('shows what it would train on instead, and writes nothing', async () => {
    const out = file('adapter.gguf');
    const words = ['train', '--data', file('pairs.jsonl', pairs), '--out', out, '--show', '2', '--max-length', '90'];
    const { exitCode, stdout, stderr } = await run(words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.match(/^sample \d of \d+, p\d+: /gm)).toHaveLength(2);
    expect(stdout).toMatch(/\n\d+ responses cut to the maximum length, [\d,]+ tokens lost\n\d+ optimizer steps\n$/);
    expect(existsSync(out)).toBe(false);
  });

  it('trains on as many tokens of a response as its row says, and refuses what is no number of tokens', async () => {
    const show = async (trainedTokens: unknown) => {
      const rows = pairs.map((row) => ({ ...row, trainedTokens }));
      return run(['train', '--data', file('some.jsonl', rows), '--show', '1', '--json']);
    };
    const shown = JSON.parse((await show(3)).stdout) as { training: Record<string, number> };
    expect(shown.training).toMatchObject({ samples: 11, lossTokens: 33, cut: 0 });
    const ends = JSON.parse((await show(-2)).stdout) as { training: Record<string, number> };
    expect(ends.training).toMatchObject({ samples: 11, lossTokens: 22, cut: 0 });
    for (const wrong of [0, 0.5]) {
      const { exitCode, stderr } = await show(wrong);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/some\.jsonl:1.*trainedTokens/);
    }
  });

  it('lets the tokens of a row count as often as its weight says, and refuses a weight that is not above 0', async () => {
    const trained = async (weight: unknown, out: string) => {
      const rows = pairs.map((row, i) => (i === 0 ? { ...row, weight } : row));
      const words = ['train', '--data', file('weighed.jsonl', rows), '--out', file(out), '--steps', '1', '--quiet'];
      return run([...words, '--batch-size', '99', '--warmup-steps', '0', '--validation', '0', '--max-length', '60']);
    };
    for (const [weight, out] of [
      [1, 'one.gguf'],
      [50, 'fifty.gguf'],
    ] as const) {
      expect((await trained(weight, out)).exitCode).toBe(0);
    }
    expect(readFileSync(file('one.gguf')).equals(readFileSync(file('fifty.gguf')))).toBe(false);
    for (const wrong of [0, -1, '2']) {
      const { exitCode, stderr } = await trained(wrong, 'none.gguf');
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/weighed\.jsonl:1.*weight/);
    }
  });

  it('joins instruction and input as it is told to, and says so in the adapter', async () => {
    const row = { id: 'a', instruction: 'Name it.', input: 'a bird', response: 'Emu' };
    const words = ['train', '--data', file('pairs.jsonl', [row]), '--out', file('adapter.gguf'), '--quiet'];
    await run([...words, '--input-joiner', 'space']);
    expect(readFileSync(file('adapter.gguf'), 'utf8')).toContain('"isheep.input-joiner":"space"');
    const shown = async (...more: string[]) => (await run([...words, '--show', '1', ...more])).stdout;
    expect(await shown('--input-joiner', 'space')).not.toBe(await shown());
  });

  it('names every line without a response', async () => {
    const rows = [{ ...pairs[0], response: '' }, pairs[1] ?? {}, { ...pairs[2], response: ' \n' }];
    const data = file('bad.jsonl', rows);
    const { exitCode, stderr } = await run(['train', '--data', data, '--out', file('a.gguf')]);
    expect(stderr).toContain(
      `error [bad-input] 2 bad lines in ${data}: ${data}:1: response: must not be empty; ${data}:3: response: must not be empty`,
    );
    expect(exitCode).toBe(2);
  });

  it('needs held-out pairs to stop early, and each target once', async () => {
    const words = ['train', '--data', file('pairs.jsonl', pairs), '--out', file('a.gguf'), '--targets', 'q,q'];
    const { exitCode, stderr } = await run([...words, '--patience', '2', '--validation', '0']);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'error [bad-config] --patience needs --validation above 0: without held-out pairs there is no loss to watch',
      'error [bad-config] --targets names a matrix twice: q,q',
    ]);
    expect(exitCode).toBe(2);
  });

  it('keeps the lines of earlier steps when it continues, and drops what a kill cut short', () => {
    const log = file('log.jsonl');
    const step = (n: number) => ({
      kind: 'step' as const,
      of: 9,
      step: n,
      epoch: 1,
      loss: n,
      lr: 1,
      grad_norm: 1,
      tokens: 1,
      loss_tokens: 1,
      seconds: 1,
    });
    const first = createTrainingLog(log);
    for (const n of [1, 2, 3]) first(step(n));
    writeFileSync(log, `${readFileSync(log, 'utf8')}{"step":4,"ep`);
    const second = createTrainingLog(log);
    second(step(3));
    second(step(4));
    expect(rowsOf(log).map((row) => row.step)).toEqual([1, 2, 3, 4]);
  });
});
