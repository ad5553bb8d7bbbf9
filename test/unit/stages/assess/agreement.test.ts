import { describe, expect, it } from 'vitest';

import type { Assessment } from '../../../../src/shared/rows.js';
import { agreement, selfAgreement } from '../../../../src/stages/assess/agreement.js';

describe("Krippendorff's alpha", () => {
  it('is 1 where a judge says the same each time, and about 0 where it does not care', () => {
    const same = Array.from({ length: 10 }, (_, i) => [i + 1, i + 1, i + 1]);
    expect(agreement(same)).toEqual({ alpha: 1, difference: 0, withinOne: 1 });
    const any = Array.from({ length: 2000 }, (_, i) => [1 + ((i * 7919) % 10), 1 + ((i * 104729 + 3 * (i >> 3)) % 7)]);
    expect(Math.abs(agreement(any).alpha ?? 1)).toBeLessThan(0.1);
  });

  it("is that of Krippendorff's worked example for interval data with missing values", () => {
    // Four coders, twelve units (Computing Krippendorff's Alpha-Reliability, 2011, section C): alpha = 0.849.
    const coders = [
      [1, 2, 3, 3, 2, 1, 4, 1, 2, null, null, null],
      [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, null, 3],
      [null, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, null],
      [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, null],
    ];
    const units = Array.from({ length: 12 }, (_, u) =>
      coders.map((coder) => coder[u]).filter((x) => typeof x === 'number'),
    );
    expect(agreement(units.filter((unit) => unit.length > 1)).alpha).toBeCloseTo(0.849, 3);
  });

  it('is unknown where all grades are equal', () => {
    expect(
      agreement([
        [5, 5],
        [5, 5],
      ]),
    ).toEqual({ alpha: null, difference: 0, withinOne: 1 });
  });
});

describe("a judge's agreement with itself", () => {
  const graded = (id: string, quality: (number | null)[], following: (number | null)[]): Assessment => ({
    ...{ id, method: 'sampled', quality: 5, following: 5 },
    repeats: { quality, following },
  });

  it('is told of each criterion, over the pairs with two grades or more', () => {
    const rows = [graded('a', [8, 9], [1, 4]), graded('b', [2, 2], [5, 5]), graded('c', [3, null], [7, null])];
    expect(selfAgreement(rows)).toMatchObject({
      ...{ repeats: 2, pairs: 2 },
      quality: { difference: 0.5, withinOne: 1 },
      following: { difference: 1.5, withinOne: 0.5 },
    });
  });

  it('is not told where nothing was asked twice', () => {
    expect(selfAgreement([{ id: 'a', method: 'sampled', quality: 8, following: 9 }])).toBeUndefined();
    expect(selfAgreement([graded('a', [8, null], [8, null])])).toBeUndefined();
    expect(selfAgreement([])).toBeUndefined();
  });
});
