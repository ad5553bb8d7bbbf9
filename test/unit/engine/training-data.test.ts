import { expect, test } from 'vitest';

import { hashSamples, refuseNothing, tokenizeExamples } from '../../../src/engine/training-data.js';

const example = { id: 'a', messages: [{ role: 'user' as const, content: 'q' }], response: 'r' };
const withLengths = (context: number, response: number) => () => ({
  tokens: Array.from({ length: context + response }, (_, i) => i),
  context,
});

test('an example that fits stays whole', () => {
  const { samples, counts } = tokenizeExamples([example], withLengths(3, 5), 8);
  expect(samples[0]).toMatchObject({ id: 'a', context: 3, cutTokens: 0 });
  expect(samples[0]?.tokens).toHaveLength(8);
  expect(counts).toEqual({ samples: 1, tokens: 8, lossTokens: 5, cut: 0, cutTokens: 0, tooLong: 0 });
});

test('a response beyond the maximum length is cut and counted', () => {
  const { samples, counts } = tokenizeExamples([example], withLengths(3, 7), 8);
  expect(samples[0]?.tokens).toHaveLength(8);
  expect(counts).toEqual({ samples: 1, tokens: 8, lossTokens: 5, cut: 1, cutTokens: 2, tooLong: 0 });
});

test('of an example that wants its beginning trained on only that is left, and it does not count as cut', () => {
  const beginning = { ...example, trainedTokens: 2 };
  const { samples, counts } = tokenizeExamples([beginning], withLengths(3, 7), 8);
  expect(samples[0]?.tokens).toEqual(Int32Array.of(0, 1, 2, 3, 4));
  expect(counts).toEqual({ samples: 1, tokens: 5, lossTokens: 2, cut: 0, cutTokens: 0, tooLong: 0 });
  const longer = { ...example, trainedTokens: 9 };
  expect(tokenizeExamples([longer], withLengths(3, 4), 8).samples[0]?.tokens).toHaveLength(7);
  expect(tokenizeExamples([longer], withLengths(3, 20), 8).counts).toMatchObject({ cut: 1, cutTokens: 4 });
});

test('of an example that wants its end trained on the rest of the response is context', () => {
  const ending = { ...example, trainedTokens: -2 };
  const { samples, counts } = tokenizeExamples([ending], withLengths(3, 5), 8);
  expect(samples[0]).toMatchObject({ context: 6, tokens: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7) });
  expect(counts).toMatchObject({ tokens: 8, lossTokens: 2, tooLong: 0 });
  expect(tokenizeExamples([{ ...example, trainedTokens: -9 }], withLengths(3, 4), 8).samples[0]?.context).toBe(3);
  expect(tokenizeExamples([ending], withLengths(3, 20), 8).counts).toMatchObject({ samples: 0, tooLong: 1 });
});

test("a sample has its example's weight, which its hash knows", () => {
  const of = (more: { weight?: number }) => tokenizeExamples([{ ...example, ...more }], withLengths(3, 5), 8).samples;
  expect(of({ weight: 8 })[0]?.weight).toBe(8);
  expect(of({})[0]).not.toHaveProperty('weight');
  expect(new Set([{}, { weight: 8 }, { weight: 9 }].map((more) => hashSamples(of(more)))).size).toBe(3);
});

test('a prompt that leaves no room for a response token is left out and counted', () => {
  const { samples, counts } = tokenizeExamples([example], withLengths(8, 5), 8);
  expect(samples).toEqual([]);
  expect(counts).toMatchObject({ samples: 0, cut: 0, tooLong: 1 });
  expect(tokenizeExamples([example], withLengths(7, 5), 8).samples).toHaveLength(1);
});

test('an example without a response is bad input, and all of them are named', () => {
  const empty = (id: string) => ({ ...example, id, response: ' \n' });
  expect(() => tokenizeExamples([example, empty('b'), empty('c')], withLengths(3, 1), 8)).toThrow(
    '2 examples have an empty response: b, c',
  );
});

test('nothing to train on is an error that counts why', () => {
  const { counts } = tokenizeExamples([example], withLengths(8, 5), 8);
  expect(() => refuseNothing(counts, 1, 8)).toThrow(
    'there is no response token to train on: of 1 examples, 1 have a prompt of 8 tokens or more',
  );
});

test('the hash of samples knows tokens, contexts and order', () => {
  const a = { tokens: Int32Array.of(1, 2), context: 1 };
  const b = { tokens: Int32Array.of(1, 2), context: 2 };
  expect(hashSamples([a, b])).not.toBe(hashSamples([b, a]));
  expect(hashSamples([a])).not.toBe(hashSamples([b]));
  expect(hashSamples([a, b])).toBe(hashSamples([{ ...a }, { ...b }]));
});
