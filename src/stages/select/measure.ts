// Measures pairs for a selection that asks for no opinion: how surprising a text is to the model, and where a task stands
// among others (Liang et al., arXiv 2408.08072, §4.3). Model work, in chunks; by-measurement.ts decides.
import type { Config } from '../../config/schema.js';
import { type CallOptions, isFailed, type LanguageModel, type Scored } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import type { Measurement, Pair } from '../../shared/rows.js';
import { vectorToText } from '../../shared/vector-text.js';

export interface MeasureInput extends CallOptions {
  /** The pairs that passed the filters, in order. */
  pairs: readonly Pair[];
  settings: Pick<Config['select'], 'by' | 'chunk'>;
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface MeasureChunk {
  /** Counted from 0; chunk k holds the pairs k * settings.chunk and following. */
  index: number;
  measurements: Measurement[];
  /** Tasks that are longer than the model's context, whose vectors are of their beginnings. */
  cut: number;
}

export const needsPerplexity = (by: Config['select']['by']) => by === 'perplexity' || by === 'density+perplexity';
export const needsVectors = (by: Config['select']['by']) => by === 'density' || by === 'density+perplexity';

export async function* measure(input: MeasureInput, model: LanguageModel): AsyncGenerator<MeasureChunk, void> {
  const { pairs, settings } = input;
  for (let index = input.firstChunk; index * settings.chunk < pairs.length; index++) {
    const part = pairs.slice(index * settings.chunk, (index + 1) * settings.chunk);
    yield { index, ...(await measurePairs(part, settings.by, model, input)) };
  }
}

async function measurePairs(
  pairs: readonly Pair[],
  by: Config['select']['by'],
  model: LanguageModel,
  options: CallOptions,
): Promise<Omit<MeasureChunk, 'index'>> {
  const answered = pairs.filter(({ response }) => response.trim() !== '');
  const [measuresPerplexity, measuresVectors] = [needsPerplexity(by), needsVectors(by)];
  const perPair = 2 * Number(measuresPerplexity) + Number(measuresVectors);
  const perplexities = measuresPerplexity ? await perplexitiesOf(answered, model, inPairs(options, 0, perPair)) : [];
  const before = 2 * answered.length * Number(measuresPerplexity);
  const vectors = measuresVectors ? await vectorsOf(answered, model, inPairs(options, before, perPair)) : [];
  const measurements = new Map<string, Measurement>();
  for (const [i, { id }] of answered.entries()) {
    const [perplexity, vector] = [perplexities[i], vectors[i]];
    const failed = perplexity === 'failed' || vector === 'failed';
    measurements.set(
      id,
      failed ? { id, reason: 'request-failed' } : { id, ...(perplexity && { perplexity }), ...vector?.row },
    );
  }
  const cut = vectors.filter((vector) => vector !== 'failed' && vector.cutTokens > 0).length;
  return { measurements: pairs.map(({ id }) => measurements.get(id) ?? { id, reason: 'empty-response' }), cut };
}

/** The call's options, with progress counted in pairs; `before` of the pairs' requests are done. */
function inPairs({ signal, onProgress }: CallOptions, before: number, perPair: number): CallOptions {
  return {
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: ({ done, tokens }) => onProgress({ done: Math.floor((before + done) / perPair), tokens }),
    }),
  };
}

/** Of the response alone, and of instruction, input and response joined without anything between, as the paper's are. Both
 *  texts stand behind what an empty prompt is to the model (BOS, or where it has none EOS), so every token counts. */
async function perplexitiesOf(pairs: readonly Pair[], model: LanguageModel, options: CallOptions) {
  const prompt = { text: '' };
  const requests = pairs.flatMap(({ id, instruction, input, response }) => [
    { id: `${id}/response`, prompt, continuation: response },
    { id: `${id}/pair`, prompt, continuation: instruction + input + response },
  ]);
  const scores = await model.score(requests, options);
  return pairs.map((_, i) => {
    const [response, pair] = [perplexity(scores[2 * i]), perplexity(scores[2 * i + 1])];
    return response === undefined || pair === undefined ? ('failed' as const) : { response, pair };
  });
}

/** exp of the mean negative log-likelihood of a token; undefined where there is none. */
function perplexity(score: Scored | undefined): number | undefined {
  if (score === undefined || isFailed(score)) return undefined;
  const value = Math.exp(-score.logprob / score.tokens);
  return Number.isFinite(value) ? value : undefined;
}

/** Of the task alone, as the released code clusters it ("instruction input"). */
async function vectorsOf(pairs: readonly Pair[], model: LanguageModel, options: CallOptions) {
  if (model.embed === undefined) {
    throw new IsheepError(
      'unsupported-model',
      'the model does not show its vectors, which a selection by density needs',
      {
        hint: 'choose by perplexity or assessment, or a model on this machine',
      },
    );
  }
  const requests = pairs.map(({ id, instruction, input }) => {
    return { id, prompt: { text: input === '' ? instruction : `${instruction} ${input}` } };
  });
  const embedded = await model.embed(requests, options);
  return embedded.map((one) =>
    isFailed(one) ? ('failed' as const) : { row: { vector: vectorToText(one.vector) }, cutTokens: one.cutTokens },
  );
}
