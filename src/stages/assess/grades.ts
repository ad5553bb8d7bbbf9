// Judges pairs by two grades from 1 to 10, quality and following: `expected` reads the probabilities of all ten at the
// place of the answer, `sampled` takes one drawn answer as the paper does.
import {
  type CallOptions,
  type Generated,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
  type Scored,
  type ScoreRequest,
  type ScoreResult,
} from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { Pair } from '../../shared/rows.js';
import type { UnrankedAssessment } from './assess.js';
import { parseScore } from './parse-score.js';
import { gradePrompt, type Criteria, type Criterion } from './prompts.js';

const criterions: readonly Criterion[] = ['quality', 'following'];
const singleDigits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Two requests a criterion: the nine digits, and "10", which is one token to some models and two to others. */
export async function assessByExpectedGrade(
  pairs: readonly Pair[],
  criteria: Criteria,
  model: LanguageModel,
  options: CallOptions,
): Promise<UnrankedAssessment[]> {
  const requests = pairs.flatMap((pair) =>
    criterions.flatMap((criterion): ScoreRequest[] => {
      const prompt = gradePrompt(pair, criterion, criteria, model.hasChatTemplate);
      const id = `${pair.id}/${criterion}`;
      return [
        { id, prompt, continuation: '', next: singleDigits },
        { id: `${id}/10`, prompt, continuation: '10' },
      ];
    }),
  );
  const scores = await model.score(requests, options);
  return pairs.map(({ id }, i) => readExpected(id, scores.slice(4 * i, 4 * i + 4)));
}

/** `scores`: digits and "10", of quality and of following. */
function readExpected(id: string, scores: readonly Scored[]): UnrankedAssessment {
  const failed = (reason: string) => ({ id, method: 'expected', quality: null, following: null, reason }) as const;
  const known = scores.flatMap((score) => (isFailed(score) ? [] : [score]));
  if (known.length < scores.length) return failed('request-failed');
  const quality = gradeDistribution(known[0], known[1]);
  const following = gradeDistribution(known[2], known[3]);
  if (!quality || !following) return failed('no-grade');
  const distribution = { quality, following };
  return { id, method: 'expected', quality: expected(quality), following: expected(following), distribution };
}

/** Probabilities of 1 to 10, normalized to sum to 1; undefined where the model gives none of them any probability. */
export function gradeDistribution(digits: ScoreResult | undefined, ten: ScoreResult | undefined): number[] | undefined {
  if (!digits || !ten) throw new Error('the engine returned no score for a grade');
  const grades = digits.nextLogprobs.map(Math.exp);
  const tenProbability = Math.exp(ten.logprob);
  // Where "10" is two tokens, its first is "1": p(10) = p("1") p("0" | "1"), and that much of p("1") is not grade 1.
  if (ten.tokens > 1) grades[0] = Math.max(0, (grades[0] ?? 0) - tenProbability);
  grades.push(tenProbability);
  const total = grades.reduce((sum, p) => sum + p, 0);
  return total > 0 && Number.isFinite(total) ? grades.map((p) => p / total) : undefined;
}

function expected(distribution: readonly number[]): number {
  return distribution.reduce((sum, p, i) => sum + p * (i + 1), 0);
}

/** A grade is a few tokens; what a judge would write after it cannot change it. */
const gradeTokens = 8;

/** One answer a criterion, drawn at temperature 1 and top-p 0.95. */
export async function assessBySampledGrade(
  pairs: readonly Pair[],
  criteria: Criteria,
  identity: { seed: number; iteration: number },
  model: LanguageModel,
  options: CallOptions,
): Promise<UnrankedAssessment[]> {
  const requests = pairs.flatMap((pair) =>
    criterions.map((criterion): GenerateRequest => ({
      id: `${pair.id}/${criterion}`,
      prompt: gradePrompt(pair, criterion, criteria, model.hasChatTemplate),
      maxTokens: gradeTokens,
      stop: [],
      sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0 },
      seed: deriveSeed(identity.seed, 'assess', identity.iteration, pair.id, criterion),
    })),
  );
  const completions = await model.generate(requests, options);
  return pairs.map(({ id }, i) => readSampled(id, completions[2 * i], completions[2 * i + 1]));
}

function readSampled(
  id: string,
  qualityText: Generated | undefined,
  followingText: Generated | undefined,
): UnrankedAssessment {
  if (!qualityText || !followingText) throw new Error(`the engine returned no grade for pair ${id}`);
  const failed = { id, method: 'sampled', quality: null, following: null } as const;
  if (isFailed(qualityText) || isFailed(followingText)) return { ...failed, reason: 'request-failed' };
  const quality = parseScore(qualityText.text);
  const following = parseScore(followingText.text);
  if ('reason' in quality) return { ...failed, reason: `quality-${quality.reason}` };
  if ('reason' in following) return { ...failed, reason: `following-${following.reason}` };
  return { id, method: 'sampled', quality: quality.score, following: following.score };
}
