import { describe, expect, test } from 'vitest';

import { checkFits, chooseBatchShape, defaultBatchSettings } from '../../../src/engine/batch-policy.js';

const settings = { parallel: 16, cacheBytes: 1e9, batchTokens: 512 };

describe('chooseBatchShape', () => {
  test('gives every request a sequence while there are few', () => {
    expect(chooseBatchShape([100, 300, 20], 23040, settings)).toEqual({
      sequences: 3,
      sequenceTokens: 512,
      batchTokens: 512,
      microBatchTokens: 512,
    });
  });

  test('runs no more sequences at once than the setting says', () => {
    expect(chooseBatchShape(new Array<number>(100).fill(10), 23040, settings).sequences).toBe(16);
  });

  test('runs no more sequences at once than the cache has room for', () => {
    const shape = chooseBatchShape(new Array<number>(100).fill(4096), 23040, settings);
    expect(shape).toMatchObject({ sequences: 10, sequenceTokens: 4096 });
    expect(shape.sequences * shape.sequenceTokens * 23040).toBeLessThanOrEqual(settings.cacheBytes);
  });

  test('makes a step as large as the setting says, and never smaller than one token a sequence', () => {
    const many = new Array<number>(64).fill(10);
    const small = { ...settings, parallel: 64, batchTokens: 16 };
    expect(chooseBatchShape(many, 23040, small)).toMatchObject({ batchTokens: 64, microBatchTokens: 64 });
    expect(chooseBatchShape(many, 23040, { ...small, batchTokens: 100 })).toMatchObject({ batchTokens: 100 });
  });

  test('has an answer for no request at all', () => {
    expect(chooseBatchShape([], 23040, defaultBatchSettings)).toMatchObject({ sequences: 1, sequenceTokens: 256 });
  });
});

test('a sequence that has no room says whose it is and how long it may be', () => {
  checkFits('request a', 4096, 23040, settings);
  expect(() => checkFits('request a', 100_000, 131_072, settings)).toThrow(
    expect.objectContaining({
      code: 'not-enough-memory',
      message: 'request a: a sequence of 100096 tokens needs a cache of 12512 MiB and 954 MiB are allowed',
      hint: '7424 tokens would fit; use shorter texts, or allow more by inference.cacheMemory',
    }) as Error,
  );
});
