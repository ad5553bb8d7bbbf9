// Stage evaluate: whether an adapter predicts held-out responses better than the base.
import type { CallOptions, Scorer } from '../../engine/engine.js';
import type { Pair } from '../../shared/rows.js';

/** Loss of one pair's response and its end, nats in sum. */
export interface PairLoss {
  id: string;
  loss: number;
  tokens: number;
}

/** The loss of each pair under the model as it is now (base, or an adapter switched on). */
export declare function pairLosses(
  pairs: readonly Pair[],
  model: Scorer & { readonly hasChatTemplate: boolean },
  options?: CallOptions,
): Promise<PairLoss[]>;

export interface Comparison {
  /** Nats a token over all pairs. */
  base: number;
  adapter: number;
  /** adapter - base of the mean a pair, with a 95 % interval over pairs. */
  difference: { value: number; low: number; high: number };
  better: boolean;
}

export declare function compareLosses(base: readonly PairLoss[], adapter: readonly PairLoss[]): Comparison;
