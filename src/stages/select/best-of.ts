// Of the responses to one instruction the best by assessment, and how hard the instruction is: the gap between its best and
// its worst response. Instructions that a model answers now well, now badly, are those it has not mastered, or that are
// unclear (Yu et al., arXiv 2501.18578, which selects by this gap and by the worst response).
import type { Config } from '../../config/schema.js';
import type { Assessment, Pair } from '../../shared/rows.js';

type Grades = Config['select']['grades'];
type Assessed = Exclude<Assessment, { reason: string }>;

export interface BestOf {
  /** One pair an instruction, in the order of the first response of each. */
  pairs: Pair[];
  /** How many other responses there were. */
  notBest: number;
}

/** The grades that `grades` names; both where it names none. */
export function countingNames(grades: Grades): ('quality' | 'following')[] {
  return grades === 'quality' || grades === 'following' ? [grades] : ['quality', 'following'];
}

export function countingGrades(assessment: { quality: number; following: number }, grades: Grades): number[] {
  return countingNames(grades).map((name) => assessment[name]);
}

/** An instruction whose responses have no assessment keeps its first one. */
export function bestOfEach(pairs: readonly Pair[], assessments: readonly Assessment[], grades: Grades): BestOf {
  const scores = scoresById(assessments, grades);
  const gaps = difficulties(pairs, assessments);
  const best: Pair[] = [];
  for (const [candidate, responses] of byCandidate(pairs)) {
    const difficulty = gaps.get(candidate);
    const score = (pair: Pair) => scores.get(pair.id) ?? -Infinity;
    const winner = responses.reduce((a, b) => (score(b) > score(a) ? b : a));
    best.push(difficulty === undefined ? winner : { ...winner, difficulty });
  }
  return { pairs: best, notBest: pairs.length - best.length };
}

/** By candidate, the gap between its best and its worst assessed response: of the mean of both grades, or of the rank.
 *  Candidates with fewer than two assessed responses have none. */
export function difficulties(pairs: readonly Pair[], assessments: readonly Assessment[]): Map<string, number> {
  const scores = scoresById(assessments, 'both');
  const gaps = new Map<string, number>();
  for (const [candidate, responses] of byCandidate(pairs)) {
    const known = responses.flatMap(({ id }) => scores.get(id) ?? []);
    if (known.length > 1) gaps.set(candidate, Math.max(...known) - Math.min(...known));
  }
  return gaps;
}

/** The candidate that a response belongs to; its own id where each has one response. */
export function candidateOf({ id, source }: Pair): string {
  return typeof source?.candidate === 'string' ? source.candidate : id;
}

function byCandidate(pairs: readonly Pair[]): Map<string, Pair[]> {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const group = groups.get(candidateOf(pair));
    if (group === undefined) groups.set(candidateOf(pair), [pair]);
    else group.push(pair);
  }
  return groups;
}

function scoresById(assessments: readonly Assessment[], grades: Grades): Map<string, number> {
  return new Map(assessments.flatMap((one) => ('reason' in one ? [] : [[one.id, scoreOf(one, grades)] as const])));
}

function scoreOf(assessment: Assessed, grades: Grades): number {
  if (assessment.method === 'likelihood') return assessment.rank;
  const counting = countingGrades(assessment, grades);
  return counting.reduce((sum, grade) => sum + grade, 0) / counting.length;
}
