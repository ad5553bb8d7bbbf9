// The plot of lengths: every figure has its point, at the place that its value says.
import { expect, test } from 'vitest';

import { drawLengths } from '../../../scripts/plot-lengths.mjs';

const figure = (metric: string, length: number, value: number, peer?: number) => ({
  ...{ name: 'train-length', metric: `${metric}, length ${length}`, value, unit: '' },
  ...(peer === undefined ? {} : { peer: 'PEFT <0.21>', peer_value: peer, ratio: value / peer }),
});

test('points stand where their values say, a peer that gave none has none', () => {
  const svg = drawLengths([
    figure('tokens of whole steps', 256, 200, 100),
    figure('tokens of whole steps', 1024, 100),
    figure('peak resident memory', 256, 400, 4000),
    figure('peak resident memory', 1024, 800),
  ]);
  const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="3" fill="(#\w+)"/g)].map((one) => one.slice(1));
  expect(dots).toEqual([
    ['144.5', '40', '#1b6ca8'],
    ['392', '150', '#1b6ca8'],
    ['144.5', '150', '#c2571a'],
    ['574.5', '238', '#1b6ca8'],
    ['822', '216', '#1b6ca8'],
    ['574.5', '40', '#c2571a'],
  ]);
  expect(svg).toContain('PEFT &lt;0.21>');
  expect(svg.match(/<svg|<\/svg>/g)).toEqual(['<svg', '</svg>']);
});

test('figures of other benchmarks make no plot', () => {
  expect(() => drawLengths([{ metric: 'decoding', value: 1 }])).toThrow('there is no figure of train-length');
});
