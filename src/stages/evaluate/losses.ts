// Stage evaluate: whether an adapter predicts held-out responses better than the base.
import { type CallOptions, isFailed, type Scorer } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import type { Pair } from '../../shared/rows.js';
import { taskPrompt } from '../../shared/task-prompt.js';

/** Loss of one pair's response and of its end (any end token), in nats, summed over `tokens`. */
export interface PairLoss {
  id: string;
  loss: number;
  tokens: number;
}

/** The loss of each pair under the model as it is now (base, or an adapter switched on), in order; pairs that the engine
 *  cannot score, such as those longer than its context, are left out. */
export async function pairLosses(
  pairs: readonly Pair[],
  model: Scorer & { readonly hasChatTemplate: boolean },
  options: CallOptions = {},
): Promise<PairLoss[]> {
  const requests = pairs.map((pair) => ({
    id: pair.id,
    prompt: taskPrompt(pair, model.hasChatTemplate),
    continuation: pair.response,
  }));
  const scores = await model.score(requests, options);
  return scores.flatMap((score) => {
    if (isFailed(score)) return [];
    return [{ id: score.id, loss: -score.logprob - score.endLogprob, tokens: score.tokens + 1 }];
  });
}

export interface Comparison {
  /** Nats a token over all pairs. */
  base: number;
  adapter: number;
  /** adapter - base, nats a token, the mean over pairs with a 95 % interval over pairs. Below 0: the adapter is better. */
  difference: { value: number; low: number; high: number };
  /** The adapter's loss over all pairs is the lower one. */
  better: boolean;
}

/** Both lists hold the same pairs in the same order, at least one, or `bad-input` is thrown. */
export function compareLosses(base: readonly PairLoss[], adapter: readonly PairLoss[]): Comparison {
  if (base.length === 0 || base.length !== adapter.length || base.some(({ id }, i) => adapter[i]?.id !== id)) {
    throw new IsheepError('bad-input', 'the losses of base and adapter are not of the same pairs', {
      hint: 'measure both on the same held-out pairs',
    });
  }
  const means = { base: lossPerToken(base), adapter: lossPerToken(adapter) };
  const differences = adapter.map((one, i) => lossPerToken([one]) - lossPerToken(base.slice(i, i + 1)));
  return { ...means, difference: meanWithInterval(differences), better: means.adapter < means.base };
}

function lossPerToken(losses: readonly PairLoss[]): number {
  return sum(losses.map(({ loss }) => loss)) / sum(losses.map(({ tokens }) => tokens));
}

/** Normal approximation, 1.96 standard errors to each side. */
function meanWithInterval(values: readonly number[]): { value: number; low: number; high: number } {
  const value = sum(values) / values.length;
  const variance = sum(values.map((one) => (one - value) ** 2)) / Math.max(1, values.length - 1);
  const half = 1.96 * Math.sqrt(variance / values.length);
  return { value, low: value - half, high: value + half };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
