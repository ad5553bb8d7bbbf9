import { describe, expect, it } from 'vitest';

import {
  formatBytes,
  formatClock,
  formatReasons,
  formatSeconds,
  formatTable,
  formatUnits,
} from '../../../src/cli/format.js';
import { styleFor } from '../../../src/cli/style.js';

describe('format', () => {
  it.each([
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1:00'],
    [75, '1:15'],
    [7389, '2:03:09'],
  ])('writes %d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  it('writes a clock', () => {
    expect([formatClock(0), formatClock(8), formatClock(3600), formatClock(-1)]).toEqual([
      '0:00',
      '0:08',
      '1:00:00',
      '0:00',
    ]);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [98_400_000, '98 MB'],
    [1_400_000_000, '1.4 GB'],
    [999_999, '1.0 MB'],
  ])('writes %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('writes one thing in the singular', () => {
    expect([formatUnits(1, 'pairs'), formatUnits(1, 'replies'), formatUnits(1200, 'pairs')]).toEqual([
      '1 pair',
      '1 reply',
      '1,200 pairs',
    ]);
  });

  it('writes reasons from the most frequent on, and sums up the rest', () => {
    expect(formatReasons({ b: 1, a: 1, c: 20, none: 0 }, 2)).toBe('c 20, a 1, others 1');
    expect(formatReasons({})).toBe('');
  });

  it('aligns columns', () => {
    expect(
      formatTable(
        [
          ['a', '1', 'x'],
          ['bbb', '10', ''],
        ],
        [1],
      ),
    ).toBe('a     1  x\nbbb  10');
  });
});

describe('colours', () => {
  const terminal = { write: () => true, isTTY: true };
  it('appear on a terminal only, and not with NO_COLOR', () => {
    expect(styleFor(terminal, {}).good('x')).toBe('\u001B[32mx\u001B[39m');
    expect(styleFor(terminal, { NO_COLOR: '1' }).good('x')).toBe('x');
    expect(styleFor(terminal, { TERM: 'dumb' }).good('x')).toBe('x');
    expect(styleFor({ write: () => true }, {}).good('x')).toBe('x');
  });
});
