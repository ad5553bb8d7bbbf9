import { describe, expect, it } from 'vitest';

import type { Pair } from '../../../../src/shared/rows.js';
import { compareLosses, pairLosses, type PairLoss } from '../../../../src/stages/evaluate/losses.js';
import { FakeModel } from '../../../support/fake-model.js';

const loss = (id: string, nats: number, tokens: number): PairLoss => ({ id, loss: nats, tokens });

describe('pairLosses', () => {
  it('counts the response and its end', async () => {
    const pairs: Pair[] = [{ id: 'a', instruction: 'Do.', input: '', response: 'Three words here' }];
    expect(await pairLosses(pairs, new FakeModel())).toEqual([{ id: 'a', loss: 5, tokens: 4 }]);
  });
});

describe('compareLosses', () => {
  it('weighs tokens for the loss, and pairs for the interval of the difference', () => {
    const comparison = compareLosses([loss('a', 4, 2), loss('b', 8, 8)], [loss('a', 2, 2), loss('b', 8, 8)]);
    expect(comparison).toMatchObject({ base: 1.2, adapter: 1, better: true });
    expect(comparison.difference.value).toBe(-0.5);
    expect(comparison.difference.low).toBeCloseTo(-0.5 - 1.96 * 0.5, 10);
    expect(comparison.difference.high).toBeCloseTo(-0.5 + 1.96 * 0.5, 10);
  });

  it('does not call an equal or a worse adapter better', () => {
    const base = [loss('a', 4, 2)];
    expect(compareLosses(base, base)).toEqual({
      base: 2,
      adapter: 2,
      difference: { value: 0, low: 0, high: 0 },
      better: false,
    });
    expect(compareLosses(base, [loss('a', 5, 2)]).better).toBe(false);
  });

  it('refuses lists that are not of the same pairs', () => {
    const message = 'the losses of base and adapter are not of the same pairs';
    expect(() => compareLosses([], [])).toThrow(message);
    expect(() => compareLosses([loss('a', 1, 1)], [loss('b', 1, 1)])).toThrow(message);
  });
});
