import { expect, it } from 'vitest';

import type { CallProgress } from '../../../../src/engine/engine.js';
import { inItems } from '../../../../src/stages/evaluate/item-progress.js';

it('counts items where the call counts requests, and keeps the rest of the call', () => {
  const told: CallProgress[] = [];
  const { signal } = new AbortController();
  const secondTurn = inItems({ signal, onProgress: (progress) => told.push(progress) }, (done) =>
    Math.floor((10 + done) / 2),
  );
  secondTurn.onProgress?.({ done: 3, tokens: 70 });
  secondTurn.onProgress?.({ done: 8, tokens: 90, remembered: 4 });
  expect(told).toEqual([
    { done: 6, tokens: 70, remembered: 0 },
    { done: 9, tokens: 90, remembered: 2 },
  ]);
  expect(secondTurn.signal).toBe(signal);
  expect(inItems({ signal }, (done) => done)).toEqual({ signal });
});
