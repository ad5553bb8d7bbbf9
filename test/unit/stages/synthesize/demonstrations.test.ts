import { describe, expect, it } from 'vitest';

import { deriveSeed, randomStream } from '../../../../src/shared/random.js';
import type { Candidate } from '../../../../src/shared/rows.js';
import {
  countUses,
  drawDemonstrations,
  type DemonstrationSettings,
  type SeedMeasures,
} from '../../../../src/stages/synthesize/demonstrations.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const seeds = ids.map((id) => ({ id, instruction: `Instruction ${id}.`, input: '', output: '' }));

interface Draw extends Partial<DemonstrationSettings> {
  measures?: SeedMeasures;
  uses?: Record<string, number>;
}

function draw(stream: number, { demonstrations = 1, reusePenalty = 0, measures, uses = {} }: Draw): string[] {
  const used = new Map(Object.entries(uses));
  const random = randomStream(deriveSeed(7, stream));
  return drawDemonstrations(seeds, { demonstrations, reusePenalty }, measures, used, random).map(({ id }) => id);
}

/** How often each seed is the first that is shown, as a share of 6000 draws. */
function shares(settings: Draw): number[] {
  const counts = ids.map(() => 0);
  for (let i = 0; i < 6000; i++) {
    const at = ids.indexOf(draw(i, settings)[0] ?? '');
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts.map((count) => count / 6000);
}

const expectShares = (found: number[], weights: number[]) => {
  const total = weights.reduce((a, b) => a + b);
  for (const [i, share] of found.entries()) expect(share).toBeCloseTo((weights[i] ?? 0) / total, 1);
  for (const [i, weight] of weights.entries()) if (weight === 0) expect(found[i]).toBe(0);
};

describe('demonstrations', () => {
  it('are any seeds, each once', () => {
    expectShares(shares({}), [1, 1, 1, 1, 1, 1]);
    expect(draw(1, { demonstrations: 9 }).sort()).toEqual(ids);
  });

  it('by perplexity are drawn by 1 / perplexity, and never where there is none', () => {
    const perplexity = { a: 1, b: 2, c: 4, d: 4, e: 4 };
    expectShares(shares({ measures: { by: 'perplexity', perplexity } }), [4, 2, 1, 1, 1, 0]);
    expect(draw(1, { measures: { by: 'perplexity', perplexity }, demonstrations: 6 }).sort()).toEqual(ids.slice(0, 5));
  });

  describe('by density', () => {
    const measures: SeedMeasures = { by: 'density', cluster: { a: 0, b: 0, c: 0, d: 1, e: 2 } };
    const clusterOf = (id: string) => measures.cluster[id];

    it('come from different clusters, which are drawn by size', () => {
      for (let i = 0; i < 200; i++) {
        expect(new Set(draw(i, { measures, demonstrations: 3 }).map(clusterOf)).size).toBe(3);
      }
      expectShares(shares({ measures }), [1, 1, 1, 1, 1, 0]);
    });

    it('take a second seed of a cluster only where no cluster is left', () => {
      for (let i = 0; i < 200; i++) {
        const shown = draw(i, { measures, demonstrations: 5 });
        expect(new Set(shown.slice(0, 3).map(clusterOf)).size).toBe(3);
        expect(shown.sort()).toEqual(ids.slice(0, 5));
      }
    });

    it('count with the penalty: a worn cluster is drawn less', () => {
      expectShares(shares({ measures, reusePenalty: 1, uses: { d: 3 } }), [4, 4, 4, 1, 4, 0]);
    });
  });

  it('that were shown more often than the least shown are drawn 1 / (1 + penalty n) times as often', () => {
    const uses = { a: 2, b: 2, c: 2, d: 3, e: 5, f: 2 };
    expectShares(shares({ reusePenalty: 1, uses }), [1, 1, 1, 1 / 2, 1 / 4, 1]);
    const perplexity = { a: 1, b: 1, c: 2, d: 1, e: 1, f: 1 };
    const measures: SeedMeasures = { by: 'perplexity', perplexity };
    expectShares(shares({ reusePenalty: 4, uses, measures }), [1, 1, 1 / 2, 1 / 5, 1 / 13, 1]);
  });

  it('all get shown in turn under a high penalty', () => {
    const uses: Record<string, number> = {};
    for (let i = 0; i < 60; i++) {
      for (const id of draw(i, { demonstrations: 2, reusePenalty: 1000, uses })) uses[id] = (uses[id] ?? 0) + 1;
    }
    for (const id of ids) expect(uses[id]).toBe(20);
  });
});

describe('the uses of seeds', () => {
  const candidate = (request: string, reason?: string): Candidate => ({
    ...{ id: request, instruction: 'x', input: '', source: { request } },
    verdicts: [{ filter: 'any', rejected: reason !== undefined, ...(reason && { reason }) }],
  });

  it('are the requests that showed them, and the share of near copies among what these gave', () => {
    const requests = [
      { id: 's-1', demonstrations: ['a', 'b'] },
      { id: 's-2', demonstrations: ['b'] },
      { id: 's-3', demonstrations: ['c'] },
    ];
    const candidates = [candidate('s-1', 'not-new'), candidate('s-1'), candidate('s-2', 'not-new')];
    const further = [candidate('s-3', 'too-short')];
    const uses = countUses([{ requests, candidates: [...candidates, ...further] }]);
    expect(Object.fromEntries(uses)).toEqual({ a: 1.5, b: 3.5, c: 1 });
  });
});
