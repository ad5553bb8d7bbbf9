// Judges pairs by two grades from 1 to 10, quality and following: `expected` reads the probabilities of all ten at the
// place of the answer, `sampled` draws answers as the paper does. Either may be repeated, to see whether the judge agrees
// with itself (agreement.ts).
import {
  type CallOptions,
  type Generated,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
  type Scored,
  type ScoreRequest,
} from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { Pair } from '../../shared/rows.js';
import type { UnrankedAssessment } from './assess.js';
import { parseScore } from './parse-score.js';
import { criterions, gradePrompt, type Criteria, type Criterion } from './prompts.js';
import { inPairs } from './progress.js';

export interface GradeSettings {
  criteria: Criteria;
  /** Of a drawn grade: other draws. Of an expected one: the same asked in another order (prompts.ts), since the same prompt
   *  gives the same again. */
  repeats: number;
  /** Sampled answers hold nothing but a number. */
  constrained?: boolean;
}

/** "1" to "19": where a number goes on behind its "1", that is no grade 1. */
const numbers = Array.from({ length: 19 }, (_, i) => String(i + 1));

/** One request a criterion, all of them behind the same beginning; two of a pair differ in their last words only. */
export async function assessByExpectedGrade(
  pairs: readonly Pair[],
  { criteria, repeats }: GradeSettings,
  model: LanguageModel,
  options: CallOptions,
): Promise<UnrankedAssessment[]> {
  const { hasChatTemplate } = model;
  const requests = times(repeats).flatMap((variation) =>
    pairs.flatMap((pair) =>
      criterions.map((criterion): ScoreRequest => {
        const prompt = gradePrompt(pair, criterion, criteria, hasChatTemplate, variation);
        return { id: requestId(pair, criterion, variation), prompt, continuation: '', next: numbers };
      }),
    ),
  );
  const scores = await model.score(requests, inPairs(options, pairs.length, requests));
  return pairs.map(({ id }, i) => {
    const of = (criterion: number) =>
      times(repeats).map((variation) => scores[2 * (variation * pairs.length + i) + criterion]);
    return readExpected(id, of(0), of(1));
  });
}

/** Scores of one pair, one a repeat. */
function readExpected(
  id: string,
  qualities: readonly (Scored | undefined)[],
  followings: readonly (Scored | undefined)[],
): UnrankedAssessment {
  const failed = (reason: string) => ({ id, method: 'expected', quality: null, following: null, reason }) as const;
  if ([...qualities, ...followings].some((score) => score !== undefined && isFailed(score))) {
    return failed('request-failed');
  }
  const quality = readRepeats(id, qualities);
  const following = readRepeats(id, followings);
  if (quality === undefined || following === undefined) return failed('no-grade');
  return {
    ...{ id, method: 'expected', quality: quality.mean, following: following.mean },
    spread: { quality: quality.spread, following: following.spread },
    distribution: { quality: quality.distribution, following: following.distribution },
    ...(qualities.length > 1 && { repeats: { quality: quality.means, following: following.means } }),
  };
}

function readRepeats(id: string, scores: readonly (Scored | undefined)[]) {
  const all = scores.map((score) => {
    if (score === undefined || isFailed(score)) throw new Error(`the engine returned no score for pair ${id}`);
    return gradeDistribution(score.nextLogprobs);
  });
  const known = all.filter((one) => one !== undefined);
  if (known.length < all.length) return undefined;
  const distribution = times(10).map((grade) => mean(known.map((one) => one[grade] as number)));
  return { distribution, mean: expected(distribution), spread: spread(distribution), means: known.map(expected) };
}

/** Probabilities of the grades 1 to 10, summing to 1, from log p that what comes begins with "1" … "19"; undefined where
 *  the model gives no grade any probability. */
export function gradeDistribution(logprobs: readonly number[]): number[] | undefined {
  const begins = logprobs.map(Math.exp);
  const behindOne = begins.slice(9).reduce((sum, p) => sum + p, 0);
  // "10" counts among them: what is left of "1" is the number 1.
  const one = Math.max(0, (begins[0] as number) - behindOne);
  const grades = [one, ...begins.slice(1, 10)];
  const total = grades.reduce((sum, p) => sum + p, 0);
  return total > 0 && Number.isFinite(total) ? grades.map((p) => p / total) : undefined;
}

function expected(distribution: readonly number[]): number {
  return distribution.reduce((sum, p, i) => sum + p * (i + 1), 0);
}

/** The standard deviation. */
function spread(distribution: readonly number[]): number {
  const centre = expected(distribution);
  return Math.sqrt(distribution.reduce((sum, p, i) => sum + p * (i + 1 - centre) ** 2, 0));
}

/** A grade is a few tokens; what a judge would write after it cannot change it. */
const gradeTokens = 8;

/** The numbers 1 to 10, behind a space or not. */
const gradeGrammar = 'root ::= " "? ("10" | [1-9])';

/** One answer a criterion and repeat, drawn at temperature 1 and top-p 0.95. */
export async function assessBySampledGrade(
  pairs: readonly Pair[],
  { criteria, repeats, constrained }: GradeSettings,
  identity: { seed: number; iteration: number },
  model: LanguageModel,
  options: CallOptions,
): Promise<UnrankedAssessment[]> {
  const requests = pairs.flatMap((pair) =>
    criterions.flatMap((criterion) =>
      times(repeats).map((repeat): GenerateRequest => ({
        id: requestId(pair, criterion, repeat),
        prompt: gradePrompt(pair, criterion, criteria, model.hasChatTemplate),
        maxTokens: gradeTokens,
        untilNumber: true,
        ...(constrained && { grammar: gradeGrammar }),
        stop: [],
        sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0 },
        seed: deriveSeed(
          identity.seed,
          'assess',
          identity.iteration,
          pair.id,
          criterion,
          ...(repeat > 0 ? [repeat] : []),
        ),
      })),
    ),
  );
  const completions = await model.generate(requests, inPairs(options, pairs.length, requests));
  return pairs.map(({ id }, i) => {
    const of = (criterion: number) =>
      completions.slice((2 * i + criterion) * repeats, (2 * i + criterion + 1) * repeats);
    return readSampled(id, of(0), of(1));
  });
}

/** Answers of one pair, one a repeat. Those that hold no grade are left out, as long as there is one. */
function readSampled(
  id: string,
  qualities: readonly Generated[],
  followings: readonly Generated[],
): UnrankedAssessment {
  const failed = (reason: string) => ({ id, method: 'sampled', quality: null, following: null, reason }) as const;
  const quality = readDraws(id, qualities);
  const following = readDraws(id, followings);
  if (quality === undefined || following === undefined) return failed('request-failed');
  if ('reason' in quality) return failed(`quality-${quality.reason}`);
  if ('reason' in following) return failed(`following-${following.reason}`);
  return {
    ...{ id, method: 'sampled', quality: quality.mean, following: following.mean },
    ...(qualities.length > 1 && { repeats: { quality: quality.draws, following: following.draws } }),
  };
}

function readDraws(
  id: string,
  completions: readonly Generated[],
): { mean: number; draws: (number | null)[] } | { reason: string } | undefined {
  if (completions.length === 0) throw new Error(`the engine returned no grade for pair ${id}`);
  if (completions.some(isFailed)) return undefined;
  const parsed = completions.flatMap((completion) => (isFailed(completion) ? [] : [parseScore(completion.text)]));
  const draws = parsed.map((one) => ('score' in one ? one.score : null));
  const known = draws.filter((draw) => draw !== null);
  const [first] = parsed;
  if (known.length === 0 && first !== undefined && 'reason' in first) return { reason: first.reason };
  return { mean: mean(known), draws };
}

function requestId(pair: Pair, criterion: Criterion, repeat: number): string {
  return `${pair.id}/${criterion}${repeat === 0 ? '' : `/${repeat}`}`;
}

function times(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
