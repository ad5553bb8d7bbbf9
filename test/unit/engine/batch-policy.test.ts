import { describe, expect, test } from 'vitest';

import { chooseBatchShape, defaultBatchSettings } from '../../../src/engine/batch-policy.js';

const settings = { parallel: 16, cacheBytes: 1e9 };

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

  test('says how long a sequence may be where one is too long', () => {
    expect(() => chooseBatchShape([100_000], 131_072, settings)).toThrow(
      expect.objectContaining({
        code: 'not-enough-memory',
        message: 'a sequence of 100096 tokens needs a cache of 12512 MiB and 954 MiB are allowed',
        hint: '7424 tokens would fit: use shorter prompts or fewer tokens to generate',
      }) as Error,
    );
  });

  test('has an answer for no request at all', () => {
    expect(chooseBatchShape([], 23040, defaultBatchSettings)).toMatchObject({ sequences: 1, sequenceTokens: 256 });
  });
});
