import { expect, test } from 'vitest';

import { batchOfStep, hashSamples, tokenizeExamples, totalSteps } from '../../../src/engine/training-data.js';

const example = { id: 'a', messages: [{ role: 'user' as const, content: 'q' }], response: 'r' };
const withLengths = (context: number, response: number) => () => ({
  tokens: Array.from({ length: context + response }, (_, i) => i),
  context,
});

test('an example that fits stays whole', () => {
  const { samples, tooLong, cut } = tokenizeExamples([example], withLengths(3, 5), 8);
  expect([samples[0]?.tokens.length, samples[0]?.context, tooLong, cut]).toEqual([8, 3, 0, 0]);
});

test('a response beyond the maximum length is cut and counted', () => {
  const { samples, tooLong, cut } = tokenizeExamples([example], withLengths(3, 6), 8);
  expect([samples[0]?.tokens.length, tooLong, cut]).toEqual([8, 0, 1]);
});

test('a prompt that leaves no room for a response token is left out and counted', () => {
  expect(tokenizeExamples([example], withLengths(8, 5), 8)).toEqual({ samples: [], tooLong: 1, cut: 0 });
  expect(tokenizeExamples([example], withLengths(7, 5), 8).samples).toHaveLength(1);
});

test('fractional epochs count as Hugging Face does', () => {
  expect(totalSteps(100, 16, 2)).toBe(14);
  expect(totalSteps(100, 16, 0.5)).toBe(4);
  expect(totalSteps(3, 16, 0.1)).toBe(1);
});

test('an epoch shows every sample once, in another order each time and for each seed', () => {
  const epoch = (number: number, seed: number) => [0, 1, 2].flatMap((i) => batchOfStep(number * 3 + i, 10, 4, seed));
  const sorted = (indices: number[]) => [...indices].sort((a, b) => a - b);
  expect(sorted(epoch(0, 1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(sorted(epoch(1, 1))).toEqual(sorted(epoch(0, 1)));
  expect(epoch(1, 1)).not.toEqual(epoch(0, 1));
  expect(epoch(0, 2)).not.toEqual(epoch(0, 1));
  expect(epoch(0, 1)).toEqual(epoch(0, 1));
  expect(batchOfStep(2, 10, 4, 1)).toHaveLength(2);
});

test('the hash of samples knows tokens, contexts and order', () => {
  const a = { tokens: Int32Array.of(1, 2), context: 1 };
  const b = { tokens: Int32Array.of(1, 2), context: 2 };
  expect(hashSamples([a, b])).not.toBe(hashSamples([b, a]));
  expect(hashSamples([a])).not.toBe(hashSamples([b]));
  expect(hashSamples([a, b])).toBe(hashSamples([{ ...a }, { ...b }]));
});
