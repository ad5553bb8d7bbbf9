// pass@k of Chen et al. 2021 (arXiv 2107.03374, section 2.1): how likely at least one of k programs passes.
import type { Metric, Share } from '../benchmark.js';

const sizes = [1, 10, 100] as const;

export const passMetrics: readonly Metric[] = sizes.map((k) => ({
  name: `pass@${k}`,
  unit: '%',
  about:
    k === 1
      ? 'programs that pass all tests'
      : `items of which one of ${k} programs passes, where there are ${k} and more`,
}));

/** Without bias, from n programs of which c pass: 1 - C(n-c, k) / C(n, k), as a product, since the binomials overflow. */
export function passAtK(n: number, c: number, k: number): number {
  let allFail = 1;
  for (let i = n - c + 1; i <= n; i++) allFail *= Math.max(0, 1 - k / i);
  return 1 - allFail;
}

/** In percent, of each k for which there are programs enough. */
export function passShares(n: number, passed: number): Record<string, Share> {
  const known = sizes.filter((k) => k <= n);
  return Object.fromEntries(known.map((k) => [`pass@${k}`, { value: 100 * passAtK(n, passed, k), weight: 1 }]));
}
