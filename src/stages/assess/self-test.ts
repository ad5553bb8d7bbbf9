// Tries the methods of assessment on pairs whose worth is known: the seeds' own against spoilt versions of them. A judge
// that cannot tell those apart is not trusted with a run's data. Spoilt pairs are easy: passing says little about subtle
// faults, failing says all.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { AssessMethod, Assessment, Pair, SeedTask } from '../../shared/rows.js';
import { assessPairs } from './assess.js';
import { possibleMethods } from './possible-methods.js';
import { rankPool } from './rank.js';
import { spoiltKinds, spoiltResponses, type SpoiltKind } from './spoil.js';

/** How often the seed's own pair was judged better than its spoilt version, ties half, with a 95 % interval. */
export interface PairedAccuracy {
  n: number;
  value: number;
  low: number;
  high: number;
}

export interface SelfTestRow {
  method: AssessMethod;
  kinds: Record<SpoiltKind, PairedAccuracy>;
  /** Over shuffled, cut and scrambled; copies are left to the copied-response filter. */
  overall: PairedAccuracy;
  /** Pairs, own or spoilt, for which the method gave no assessment; they count as the worst there are. */
  failed: number;
}

export interface SelfTestInput extends Pick<CallOptions, 'signal'> {
  seeds: readonly SeedTask[];
  /** The run's seed. */
  seed: number;
  criteria: Config['assess']['criteria'];
  constrained?: boolean;
  /** Default: all that the model can be judged by. */
  methods?: readonly AssessMethod[];
  /** How many seeds are used at most. */
  limit?: number;
  /** Told in pairs, each of which counts once for every method. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

const defaultLimit = 32;
/** Words that a response needs to be cut and scrambled noticeably. */
const fewestWords = 8;
/** Longer responses cost time and tell no more. */
const mostWords = 150;
/** Paired accuracy that grades must reach, and the lower end of its interval must be above chance. */
const trustedAccuracy = 0.75;

interface Trial {
  own: Pair;
  spoilt: Record<SpoiltKind, Pair>;
}

export async function selfTest(input: SelfTestInput, model: LanguageModel): Promise<SelfTestRow[]> {
  const trials = makeTrials(input);
  const pool = trials.flatMap(({ own, spoilt }) => [own, ...spoiltKinds.map((kind) => spoilt[kind])]);
  const methods = input.methods ?? (await possibleMethods(model));
  const { seed, criteria, signal, onProgress } = input;
  const settings = { criteria, repeats: 1, constrained: input.constrained ?? false };
  const rows: SelfTestRow[] = [];
  for (const method of methods) {
    const before = rows.length * pool.length;
    const call: CallOptions = {
      ...(signal && { signal }),
      onProgress: ({ done }) => onProgress?.({ done: before + done, total: methods.length * pool.length }),
    };
    const assessed = await assessPairs(pool, { iteration: 0, seed, method, settings, ...call }, model);
    rows.push(judgeMethod(method, trials, rankPool(assessed)));
  }
  return rows;
}

/** What `auto` takes of the methods that were tried, and why, in words for the summary. An engine may be unable to do one:
 *  where likelihood was not tried, the better grades are taken even if they fail. */
export function chooseMethod(rows: readonly SelfTestRow[]): { method: AssessMethod; why: string } {
  const graded = rows.filter((row) => row.method !== 'likelihood').sort((a, b) => b.overall.value - a.overall.value);
  const best = graded.find(answersMostly) ?? graded[0];
  if (best === undefined) return { method: 'likelihood', why: 'no grades were tried' };
  const likelihood = rows.find((row) => row.method === 'likelihood');
  const figures = `${inOrder(best.overall)} of ${best.overall.n} pairs in the right order`;
  const { value, low } = best.overall;
  if (value >= trustedAccuracy && low > 0.5) {
    return { method: best.method, why: `grades pass the self-test: ${figures}` };
  }
  const why = `grades fail the self-test: ${figures}; ${percent(trustedAccuracy)} are needed`;
  return likelihood === undefined
    ? { method: best.method, why: `${why}, but likelihood was not tried` }
    : { method: 'likelihood', why: `${why}; likelihood has ${inOrder(likelihood.overall)}` };
}

/** A judge that gives hardly a grade ranks all pairs alike, which looks like chance and would leave a run without pairs. */
function answersMostly({ failed, kinds }: SelfTestRow): boolean {
  const judged = (1 + spoiltKinds.length) * kinds.shuffled.n;
  return failed < judged / 2;
}

function inOrder({ value, low, high }: PairedAccuracy): string {
  return `${percent(value)} (95 % interval ${percent(low)} to ${percent(high)})`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function makeTrials({ seeds, seed, limit = defaultLimit }: SelfTestInput): Trial[] {
  const usable = seeds.filter(({ output }) => {
    const words = output.split(/\s+/).filter((word) => word !== '').length;
    return words >= fewestWords && words <= mostWords;
  });
  const chosen = sampleWithoutReplacement(usable, limit, randomStream(deriveSeed(seed, 'self-test')));
  return chosen.map((task, i) => makeTrial(task, chosen[(i + 1) % chosen.length] ?? task, seed));
}

function makeTrial(task: SeedTask, other: SeedTask, seed: number): Trial {
  const random = randomStream(deriveSeed(seed, 'self-test', task.id));
  const pair = (kind: string, response: string): Pair => ({
    id: `${task.id}/${kind}`,
    instruction: task.instruction,
    input: task.input,
    response,
  });
  const spoilt = spoiltResponses(task, task.output, other.output, random);
  return {
    own: pair('own', task.output),
    spoilt: {
      shuffled: pair('shuffled', spoilt.shuffled),
      cut: pair('cut', spoilt.cut),
      scrambled: pair('scrambled', spoilt.scrambled),
      copied: pair('copied', spoilt.copied),
    },
  };
}

function judgeMethod(method: AssessMethod, trials: readonly Trial[], assessments: readonly Assessment[]): SelfTestRow {
  const scores = new Map(assessments.map((assessment) => [assessment.id, score(assessment)]));
  const wins = (kind: SpoiltKind) =>
    trials.map(({ own, spoilt }) => won(scores.get(own.id), scores.get(spoilt[kind].id)));
  const each = { shuffled: wins('shuffled'), cut: wins('cut'), scrambled: wins('scrambled'), copied: wins('copied') };
  return {
    method,
    kinds: {
      shuffled: pairedAccuracy(each.shuffled),
      cut: pairedAccuracy(each.cut),
      scrambled: pairedAccuracy(each.scrambled),
      copied: pairedAccuracy(each.copied),
    },
    overall: pairedAccuracy([...each.shuffled, ...each.cut, ...each.scrambled]),
    failed: assessments.filter((assessment) => 'reason' in assessment).length,
  };
}

/** Higher is better; no assessment is worse than any. */
function score(assessment: Assessment): number {
  if ('reason' in assessment) return -Infinity;
  return assessment.method === 'likelihood' ? assessment.rank : assessment.quality + assessment.following;
}

function won(own = -Infinity, spoilt = -Infinity): number {
  if (own === spoilt) return 0.5;
  return own > spoilt ? 1 : 0;
}

/** Wilson's interval, 95 %. */
export function pairedAccuracy(wins: readonly number[]): PairedAccuracy {
  const n = wins.length;
  if (n === 0) return { n, value: 0, low: 0, high: 1 };
  const value = wins.reduce((sum, win) => sum + win, 0) / n;
  const z = 1.96;
  const centre = (value + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((value * (1 - value)) / n + (z * z) / (4 * n * n));
  return { n, value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
