// Stage merge: what a merged model costs, and whether that is too much. How a merge works is the engine's business.
import type { ComparedScore, MergeReport } from '../../engine/merge.js';

/** Of base, base with adapters live, and merged model on the same responses. */
export interface MergeCost {
  pairs: number;
  /** Of the responses, their ends included. */
  tokens: number;
  /** KL(live || merged), nats a token; the mean over all tokens. */
  divergence: number;
  /** exp of the mean loss a token. */
  perplexity: { base: number; adapter: number; merged: number };
}

/** null where there is nothing to compare on. */
export function mergeCost(scores: readonly ComparedScore[]): MergeCost | null {
  const total = (of: (score: ComparedScore) => number) => scores.reduce((sum, score) => sum + of(score), 0);
  const tokens = total((score) => score.tokens);
  if (tokens === 0) return null;
  const perplexity = (of: (loss: ComparedScore['loss']) => number) => Math.exp(total(({ loss }) => of(loss)) / tokens);
  return {
    pairs: scores.length,
    tokens,
    divergence: total((score) => score.divergence) / tokens,
    perplexity: {
      base: perplexity((loss) => loss.base),
      adapter: perplexity((loss) => loss.adapter),
      merged: perplexity((loss) => loss.merged),
    },
  };
}

/** Less of the adapters' change than this, or rounding that outweighs what they gained, is worth a warning (docs/benchmarks.md
 *  has what was measured). */
const leastSurvived = 0.8;
const mostLost = 0.2;

/** What to do where too much was lost; null where the merged model is as good as the live adapter. */
export function mergeAdvice({ survived }: Pick<MergeReport, 'survived'>, cost: MergeCost | null): string | null {
  const found: string[] = [];
  if (survived <= lowest || survived >= highest) {
    found.push("the adapter's change is far smaller than what rounding does");
  } else if (survived < leastSurvived) {
    found.push(`only ${percent(survived)} of the adapter's change survived rounding`);
  }
  const lost = cost === null ? 0 : lostShare(cost);
  if (lost > mostLost)
    found.push(`the merged model lost ${percent(lost)} of what the adapter had gained in perplexity`);
  return found.length === 0
    ? null
    : `${found.join(', and ')}: use a type of more bits than the base has, at best f16, or keep the adapter live`;
}

/** Beyond these the projection is of rounding noise: the change is too small to be told from it. */
const [lowest, highest] = [-0.5, 1.5];

/** How much of the adapters' change survived, for people. */
export function survivedInWords({
  merged,
  survived,
  noise,
}: Pick<MergeReport, 'merged' | 'survived' | 'noise'>): string {
  if (merged === 0) return 'nothing changed';
  if (survived > lowest && survived < highest)
    return `${(survived * 100).toFixed(1)} % of the adapter's change survived`;
  return `the adapter's change is lost in rounding noise of ${noise.toFixed(0)} times its size`;
}

/** How much of the adapter's gain in mean loss the merged model lacks; 0 where the adapter gained nothing. */
function lostShare({ perplexity: { base, adapter, merged } }: MergeCost): number {
  const gained = Math.log(base / adapter);
  return gained <= 0 ? 0 : Math.log(merged / adapter) / gained;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
