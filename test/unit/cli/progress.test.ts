import { describe, expect, it } from 'vitest';

import { ProgressLine } from '../../../src/cli/progress-line.js';
import { progressReporter } from '../../../src/cli/progress.js';
import type { RunEvent } from '../../../src/pipeline/events.js';

/** Shows events at given seconds and returns what was written. */
function shown(
  events: readonly (readonly [number, RunEvent])[],
  options: { quiet?: boolean; isTTY?: boolean; columns?: number } = {},
): string {
  let written = '';
  let seconds = 0;
  const stream = {
    write: (text: string) => (written += text),
    isTTY: options.isTTY ?? false,
    columns: options.columns ?? 100,
  };
  const env = options.columns === 0 ? { NO_COLOR: '1' } : options.isTTY ? { TERM: 'dumb' } : {};
  const progress = new ProgressLine({ stream, env, quiet: options.quiet ?? false, now: () => seconds });
  const report = progressReporter(progress);
  for (const [at, event] of events) {
    seconds = at;
    report(event);
  }
  return written;
}

const stage = { iteration: 1, stage: 'respond' } as const;
const progress = (done: number, tokens: number): RunEvent => ({ kind: 'stage-progress', ...stage, done, tokens });

const events: readonly (readonly [number, RunEvent])[] = [
  [0, { kind: 'run-started', runDir: 'runs/a', continued: false, iterations: 2 }],
  [0, { kind: 'iteration-started', iteration: 1, of: 2, model: 'base' }],
  [0, { kind: 'stage-started', ...stage, unit: 'responses', total: 100, done: 20 }],
  [5, progress(30, 1000)],
  [20, progress(60, 8000)],
  [30, progress(80, 12000)],
  [35, { kind: 'warning', message: 'one thing to know' }],
  [40, { kind: 'stage-finished', ...stage, seconds: 75, note: '100 responses' }],
];

describe('progress without a terminal', () => {
  it('is a plain line at the start, at the end, and every quarter of a minute', () => {
    expect(shown(events).split('\n')).toEqual([
      'run runs/a',
      'iteration 1 of 2, written by the base',
      '  respond: 20 of 100 responses, continued',
      '  respond: 60 of 100 responses, 400 tok/s, 0:20 left',
      'warning: one thing to know',
      '  respond: done in 1:15 (100 responses)',
      '',
    ]);
  });

  it('is the same on a terminal that cannot move its cursor, or does not tell its width', () => {
    expect(shown(events, { isTTY: true })).toBe(shown(events));
    expect(shown(events, { isTTY: true, columns: 0 })).toBe(shown(events));
  });

  it('knows the pace by what was not remembered', () => {
    let written = '';
    let seconds = 0;
    const stream = { write: (text: string) => (written += text) };
    const line = new ProgressLine({ stream, env: {}, quiet: false, now: () => seconds });
    line.start({ label: 'ifeval', unit: 'items', total: 100 });
    line.update(80, 0, '', 80);
    seconds = 20;
    line.update(85, 600, '', 80);
    expect(written.split('\n')[1]).toBe('  ifeval: 85 of 100 items, 30 tok/s, 1:00 left');
  });

  it('tells the rate and the time that is left once a hundredth is done', () => {
    const assess = { iteration: 1, stage: 'assess' } as const;
    const shownAssess = shown([
      [0, { kind: 'stage-started', ...assess, unit: 'pairs', total: 900, done: 0 }],
      [60, { kind: 'stage-progress', ...assess, done: 1, tokens: 30 }],
      [80, { kind: 'stage-progress', ...assess, done: 9, tokens: 800 }],
    ]);
    expect(shownAssess.split('\n').slice(1)).toEqual([
      '  assess: 1 of 900 pairs',
      '  assess: 9 of 900 pairs, 10 tok/s, 2:12:00 left',
      '',
    ]);
  });

  it('does not count what comes before the first of the work as its pace', () => {
    const assess = { iteration: 1, stage: 'assess' } as const;
    const testing = 'testing the judge, 9 of 9';
    const shownAssess = shown([
      [0, { kind: 'stage-started', ...assess, unit: 'pairs', total: 900, done: 0 }],
      [300, { kind: 'stage-progress', ...assess, done: 0, tokens: 0, doing: testing }],
      [320, { kind: 'stage-progress', ...assess, done: 20, tokens: 400 }],
      [320, { kind: 'stage-finished', ...assess, seconds: 320, note: '' }],
    ]);
    expect(shownAssess.split('\n').slice(1)).toEqual([
      `  assess: 0 of 900 pairs, ${testing}`,
      '  assess: 20 of 900 pairs, 20 tok/s, 14:40 left',
      '  assess: done in 5:20',
      '',
    ]);
  });

  it('measures the pace by the last minutes, whatever slowed the machine down before', () => {
    const at = (seconds: number, done: number) => [seconds, progress(done, 100 * done)] as const;
    const slow = Array.from({ length: 10 }, (_, i) => at(100 * (i + 1), i + 1));
    const fast = Array.from({ length: 90 }, (_, i) => at(1000 + 10 * (i + 1), 10 + i + 1));
    const lines = shown([
      [0, { kind: 'stage-started', ...stage, unit: 'responses', total: 400, done: 0 }],
      ...slow,
      ...fast,
    ]).split('\n');
    expect(lines).toContain('  respond: 10 of 400 responses, 1.0 tok/s, 10:50:00 left');
    expect(lines.at(-2)).toBe('  respond: 100 of 400 responses, 10 tok/s, 50:00 left');
  });

  it('tells no time left where all that is counted is there, and what is still being done', () => {
    const again: RunEvent = { kind: 'stage-progress', ...stage, done: 100, tokens: 800, doing: 'asking 7 again' };
    const shownAgain = shown([
      [0, { kind: 'stage-started', ...stage, unit: 'responses', total: 100, done: 0 }],
      [20, again],
    ]);
    expect(shownAgain.split('\n')[1]).toBe('  respond: 100 of 100 responses, 40 tok/s, asking 7 again');
  });

  it('learns on the way how much there is', () => {
    const gate = { iteration: 1, stage: 'gate' } as const;
    const shownGate = shown([
      [0, { kind: 'stage-started', ...gate, unit: 'items', total: 0, done: 0 }],
      [20, { kind: 'stage-progress', ...gate, done: 40, total: 80, tokens: 0 }],
    ]);
    expect(shownGate.split('\n')).toEqual(['  gate: 0 items', '  gate: 40 of 80 items, 0:20 left', '']);
  });

  it('says what is trained on, what was cut or left out, and how many steps that makes', () => {
    const counts = { samples: 20, tokens: 1200, lossTokens: 300, cut: 1, cutTokens: 40, tooLong: 2 };
    const none = { samples: 0, tokens: 0, lossTokens: 0, cut: 0, cutTokens: 0, tooLong: 0 };
    const MB = 1_000_000;
    const parts = { process: 60 * MB, mapped: 98 * MB, copies: 143 * MB, adapter: 77 * MB, activations: 280 * MB };
    const memory = { ...parts, graphs: 80 * MB, copying: 0, total: 738 * MB, copiedWeights: 'transposed' };
    const samples = { kind: 'samples' as const, steps: 5, training: counts, heldOut: none, memory };
    const training: readonly (readonly [number, RunEvent])[] = [
      [0, { kind: 'stage-started', iteration: 1, stage: 'train', unit: 'steps', total: 8, done: 0 }],
      [1, { kind: 'training', iteration: 1, event: samples }],
      [20, { kind: 'training', iteration: 1, event: { kind: 'measuring', step: 1, done: 8, of: 30 } }],
      // The line goes by the training's own events, which have the loss.
      [40, { kind: 'stage-progress', iteration: 1, stage: 'train', done: 2, tokens: 300 }],
    ];
    expect(shown(training).split('\n').slice(1)).toEqual([
      '  20 samples with 1,200 tokens, 300 of them trained on; none held out',
      '  1 response cut to the maximum length, 40 tokens lost',
      '  2 pairs left out: the prompt alone is too long',
      '  about 738 MB (704 MiB) of memory: 98 MB model, 143 MB copies of weights (transposed), 77 MB adapter and optimizer, ' +
        '280 MB activations, 80 MB graphs, 60 MB the process itself',
      '  train: 1 of 5 steps, 1:20 left, held-out loss: 8 of 30 samples',
      '',
    ]);
  });

  it('shows the loss while it trains', () => {
    const step = (n: number): RunEvent => ({
      kind: 'training',
      iteration: 1,
      event: {
        kind: 'step',
        of: 8,
        step: n,
        epoch: 1,
        loss: 2.5,
        lr: 1e-4,
        grad_norm: 1,
        tokens: 300,
        loss_tokens: 90,
        seconds: 16,
      },
    });
    const training: readonly (readonly [number, RunEvent])[] = [
      [0, { kind: 'stage-started', iteration: 1, stage: 'train', unit: 'steps', total: 8, done: 0 }],
      [
        0,
        { kind: 'training', iteration: 1, event: { kind: 'held-out', step: 0, held_out_loss: 2, held_out_tokens: 9 } },
      ],
      [16, step(1)],
      [32, step(2)],
    ];
    expect(shown(training).split('\n')).toEqual([
      '  train: 0 of 8 steps',
      '  train: 1 of 8 steps, 19 tok/s, 1:52 left, loss 2.500',
      '  train: 2 of 8 steps, 19 tok/s, 1:36 left, loss 2.500',
      '',
    ]);
  });
});

describe('--quiet', () => {
  it('shows warnings and nothing else', () => {
    expect(shown(events, { quiet: true })).toBe('warning: one thing to know\n');
  });
});
