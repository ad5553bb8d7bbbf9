// Stage assess: how good each pair is in the model's own eyes, by one of three methods. Ranks need the whole pool and are
// filled in afterwards (rank.ts); which method a model can be trusted with, self-test.ts finds out.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import type { AssessMethod, Assessment, Likelihood, Pair } from '../../shared/rows.js';
import { assessByExpectedGrade, assessBySampledGrade, type GradeSettings } from './grades.js';
import { assessByLikelihood } from './likelihood.js';

/** An assessment whose rank is not known yet: ranks need the whole pool (rankPool). */
export type UnrankedAssessment =
  | Exclude<Assessment, { method: 'likelihood'; rank: number }>
  | { id: string; method: 'likelihood'; likelihood: Likelihood };

export interface AssessInput extends CallOptions {
  /** The pairs that passed the filters, in order. */
  pairs: readonly Pair[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  /** Resolved: `auto` is decided by the self-test before (chooseMethod). */
  method: AssessMethod;
  settings: GradeSettings & Pick<Config['assess'], 'chunk'>;
  /** Whether the responses are the model's own, as it wrote them in the state in which it is now (likelihood.ts). */
  ownResponses?: boolean;
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface AssessChunk {
  /** Counted from 0; chunk k holds the pairs k * settings.chunk and following. */
  index: number;
  assessments: UnrankedAssessment[];
}

export async function* assess(input: AssessInput, model: LanguageModel): AsyncGenerator<AssessChunk, void> {
  const { pairs, settings } = input;
  for (let index = input.firstChunk; index * settings.chunk < pairs.length; index++) {
    const part = pairs.slice(index * settings.chunk, (index + 1) * settings.chunk);
    yield { index, assessments: await assessPairs(part, input, model) };
  }
}

/** Assesses the pairs at once, in order. A pair without a response gets a reason instead of an assessment. */
export async function assessPairs(
  pairs: readonly Pair[],
  how: Pick<AssessInput, 'iteration' | 'seed' | 'method' | 'ownResponses' | 'onProgress' | 'signal'> & {
    settings: GradeSettings;
  },
  model: LanguageModel,
): Promise<UnrankedAssessment[]> {
  const answered = pairs.filter((pair) => pair.response.trim() !== '');
  const assessed = answered.length === 0 ? [] : await byMethod(answered, how, model);
  const byId = new Map(assessed.map((one) => [one.id, one]));
  return pairs.map(
    ({ id }) => byId.get(id) ?? { id, method: how.method, quality: null, following: null, reason: 'empty-response' },
  );
}

function byMethod(
  pairs: readonly Pair[],
  how: Parameters<typeof assessPairs>[1],
  model: LanguageModel,
): Promise<UnrankedAssessment[]> {
  const { settings } = how;
  if (how.method === 'likelihood') return assessByLikelihood(pairs, model, how, how.ownResponses);
  if (how.method === 'expected') return assessByExpectedGrade(pairs, settings, model, how);
  return assessBySampledGrade(pairs, settings, how, model, how);
}
