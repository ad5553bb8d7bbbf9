// What the model that writes makes of the seeds: how likely it finds them, or which of them are alike to it. Measured once
// an iteration; demonstrations.ts draws by it.
import type { CallOptions, FailedRequest, LanguageModel, ScoreRequest } from '../../engine/engine.js';
import { kMeans } from '../../engine/k-means.js';
import { IsheepError } from '../../shared/errors.js';
import type { SeedTask } from '../../shared/rows.js';
import { userTurn } from '../../shared/task-prompt.js';
import type { SeedMeasures } from './demonstrations.js';

export interface MeasureInput extends CallOptions {
  seeds: readonly SeedTask[];
  by: SeedMeasures['by'];
  /** How many seeds a prompt shows: there are at least as many clusters. */
  demonstrations: number;
  /** Of the first centres. */
  seed: number;
}

/** Throws `unsupported-model` where the model gives no vectors and they are needed, and the model's own error where it could
 *  measure none of the seeds. */
export async function measureSeeds(input: MeasureInput, model: LanguageModel): Promise<SeedMeasures> {
  return input.by === 'density' ? byDensity(input, model) : byPerplexity(input, model);
}

/** exp of the mean negative log-likelihood of a token of "instruction, newline, input" as plain text (arXiv 2408.08072's
 *  code, ppl_generate). */
async function byPerplexity({ seeds, ...call }: MeasureInput, model: LanguageModel): Promise<SeedMeasures> {
  const requests: ScoreRequest[] = seeds.map((seed) => ({
    id: seed.id,
    prompt: { text: '' },
    continuation: userTurn(seed),
  }));
  const scores = succeeded(await model.score(requests, call));
  const perplexities = scores.map(({ id, logprob, tokens }): [string, number] => [id, Math.exp(-logprob / tokens)]);
  return { by: 'perplexity', perplexity: Object.fromEntries(perplexities) };
}

/** Clusters of the model's vectors of "instruction, newline, input". The paper does not say how many its seeds have; here it
 *  is sqrt(seeds / 2), the rule of thumb of Mardia, Kent and Bibby 1979, and at least as many as a prompt shows. */
async function byDensity({ seeds, ...input }: MeasureInput, model: LanguageModel): Promise<SeedMeasures> {
  const requests = seeds.map((seed) => ({ id: seed.id, prompt: { text: userTurn(seed) } }));
  if (model.embed === undefined) {
    throw new IsheepError('unsupported-model', 'synthesize.demonstrationsBy density needs a model that gives vectors', {
      hint: 'models on this machine do; with an endpoint take synthesize.demonstrationsBy uniform or perplexity',
    });
  }
  const embedded = succeeded(await model.embed(requests, input));
  const wanted = Math.max(input.demonstrations, Math.round(Math.sqrt(embedded.length / 2)));
  const vectors = embedded.map(({ vector }) => vector);
  const clusters = Math.min(wanted, vectors.length);
  const { labels } = await kMeans(vectors, { clusters, seed: input.seed });
  return { by: 'density', cluster: Object.fromEntries(embedded.map(({ id }, i) => [id, labels[i] as number])) };
}

/** Those that could be computed: a seed that is too long for the context cannot be shown either. */
function succeeded<Result extends { id: string }>(results: readonly (Result | FailedRequest)[]): Result[] {
  const done = results.filter((result): result is Result => !('error' in result));
  const failed = results.find((result): result is FailedRequest => 'error' in result);
  if (done.length > 0 || failed === undefined) return done;
  throw new IsheepError(failed.error.code, `no seed task could be measured; ${failed.id}: ${failed.error.message}`, {
    hint: 'give shorter seed tasks with --seeds, or take synthesize.demonstrationsBy uniform',
  });
}

/** In one line, for people. */
export function measuresInWords(measures: SeedMeasures, seeds: number): string {
  const values = measures.by === 'density' ? Object.values(measures.cluster) : Object.values(measures.perplexity);
  const missing =
    seeds > values.length ? `; ${seeds - values.length} of ${seeds} could not be measured and are not shown` : '';
  if (measures.by === 'density') return `seeds in ${new Set(values).size} clusters${missing}`;
  const sorted = [...values].sort((a, b) => a - b);
  const [low = NaN, median = NaN, high = NaN] = [0, sorted.length >> 1, sorted.length - 1].map((i) => sorted[i]);
  return `seeds of perplexity ${low.toFixed(1)} to ${high.toFixed(1)}, median ${median.toFixed(1)}${missing}`;
}
