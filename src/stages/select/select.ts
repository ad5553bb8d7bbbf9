// Stage select: which pairs are trained on, and in which order. A threshold on grades (Liang et al., arXiv 2408.08072, §3.4);
// the best share on ranks, where a fixed threshold has no meaning; or all of them, the baseline of its table 4.
import type { Config } from '../../config/schema.js';
import { IsheepError } from '../../shared/errors.js';
import type { Assessment, Pair } from '../../shared/rows.js';
import { addCount, sortCounts } from '../../shared/verdicts.js';
import { words } from '../../shared/words.js';
import { bestOfEach, countingGrades, countingNames } from './best-of.js';
import { withoutLength } from './length-neutral.js';

export interface Selection {
  /** In training order: best first, equals by id; as they came where all are kept. */
  dataset: Pair[];
  /** The rule in words: "the best 30 % by rank". */
  rule: string;
  /** Why the others were not kept, counted. */
  notKept: Record<string, number>;
}

interface Judged {
  pair: Pair;
  /** The grades that count, or the rank; higher is better. */
  scores: readonly number[];
}

/** `assessments` may be in any order and are matched by id; all are of one method, or `bad-input` is thrown. Of the responses
 *  to one instruction only the best takes part. */
export function select(
  responses: readonly Pair[],
  assessments: readonly Assessment[],
  settings: Config['select'],
): Selection {
  const { pairs, notBest } = bestOfEach(responses, assessments, settings.grades);
  const selection = selectByRule(pairs, assessments, settings);
  const notKept = { ...selection.notKept };
  addCount(notKept, 'not-best', notBest);
  return { ...selection, notKept: sortCounts(notKept) };
}

function selectByRule(
  pairs: readonly Pair[],
  assessments: readonly Assessment[],
  settings: Config['select'],
): Selection {
  if (settings.grades === 'none') return keepAll(pairs, settings);
  const byRank = onlyMethod(assessments) === 'likelihood';
  const byId = new Map(assessments.map((assessment) => [assessment.id, assessment]));
  const notKept: Record<string, number> = {};
  const judged: Judged[] = [];
  for (const pair of pairs) {
    const assessment = byId.get(pair.id);
    if (assessment === undefined) addCount(notKept, 'not-assessed');
    else if ('reason' in assessment) addCount(notKept, assessment.reason);
    else if (isUnsure(assessment, settings)) addCount(notKept, 'unsure');
    else judged.push(judge(pair, assessment, settings));
  }
  const ordered = inOrder(settings.lengthNeutral ? lengthNeutral(judged) : judged);
  const passing = byRank
    ? ordered.slice(0, bestCount(ordered.length, settings.share))
    : ordered.filter(({ scores }) => scores.every((grade) => grade > settings.threshold));
  const kept = passing.slice(0, settings.atMost);
  addCount(notKept, byRank ? 'below-share' : 'below-threshold', ordered.length - passing.length);
  addCount(notKept, 'over-at-most', passing.length - kept.length);
  return { dataset: kept.map((one) => one.pair), rule: ruleInWords(byRank, settings), notKept };
}

/** Best first, equals by id. */
function inOrder(judged: readonly Judged[]): Judged[] {
  const total = ({ scores }: Judged) => scores.reduce((sum, score) => sum + score, 0);
  return [...judged].sort((a, b) => total(b) - total(a) || (a.pair.id < b.pair.id ? -1 : 1));
}

function lengthNeutral(judged: readonly Judged[]): Judged[] {
  const lengths = judged.map(({ pair }) => words(pair.response).length);
  const columns = (judged[0]?.scores ?? []).map((_, i) =>
    withoutLength(
      judged.map(({ scores }) => scores[i] as number),
      lengths,
    ),
  );
  return judged.map(({ pair }, row) => ({ pair, scores: columns.map((column) => column[row] as number) }));
}

/** But for those without a response, of which there is nothing to train on. */
function keepAll(pairs: readonly Pair[], { atMost }: Config['select']): Selection {
  const answered = pairs.filter(({ response }) => response.trim() !== '');
  const notKept: Record<string, number> = {};
  addCount(notKept, 'empty-response', pairs.length - answered.length);
  addCount(notKept, 'over-at-most', Math.max(0, answered.length - atMost));
  return { dataset: answered.slice(0, atMost), rule: `all, at most ${atMost}`, notKept };
}

function onlyMethod(assessments: readonly Assessment[]): string | undefined {
  const methods = [...new Set(assessments.map((assessment) => assessment.method))];
  if (methods.length < 2) return methods[0];
  throw new IsheepError('bad-input', `assessments by different methods cannot be compared: ${methods.join(', ')}`, {
    hint: 'assess all pairs by one method',
  });
}

/** A pair that was graded carries its grades on. */
function judge(pair: Pair, assessment: Exclude<Assessment, { reason: string }>, settings: Config['select']): Judged {
  if (assessment.method === 'likelihood') return { pair, scores: [assessment.rank] };
  const { quality, following } = assessment;
  return { pair: { ...pair, quality, following }, scores: countingGrades(assessment, settings.grades) };
}

/** Whether the judge contradicts itself on a grade that counts (consistency as a measure of confidence: Wang et al., CREAM,
 *  arXiv 2410.12735). One that answered once only cannot. */
function isUnsure(assessment: Exclude<Assessment, { reason: string }>, settings: Config['select']): boolean {
  const { maxDisagreement } = settings;
  if (maxDisagreement === undefined || assessment.method === 'likelihood') return false;
  const { repeats } = assessment;
  if (repeats === undefined) return false;
  return countingNames(settings.grades).some((name) => deviation(repeats[name]) > maxDisagreement);
}

/** The standard deviation of the grades that are known. */
function deviation(grades: readonly (number | null)[]): number {
  const known = grades.filter((grade) => grade !== null);
  const mean = known.reduce((sum, grade) => sum + grade, 0) / known.length;
  return Math.sqrt(known.reduce((sum, grade) => sum + (grade - mean) ** 2, 0) / known.length);
}

/** At least one, where there is any. */
function bestCount(n: number, share: number): number {
  return Math.max(Math.min(n, 1), Math.round(n * share));
}

function ruleInWords(byRank: boolean, settings: Config['select']): string {
  const { grades, share, threshold, atMost, lengthNeutral: neutral } = settings;
  const which = grades === 'both' ? 'quality and following both' : grades;
  const rule = byRank ? `the best ${+(100 * share).toFixed(2)} % by rank` : `${which} above ${threshold}`;
  return `${rule}${neutral ? ', length taken out' : ''}, at most ${atMost}`;
}
