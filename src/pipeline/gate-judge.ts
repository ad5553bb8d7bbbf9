// Whether the base can tell good answers from bad: the seeds' own against spoilt ones, in both orders. Only then are answers
// compared in the gate.
import type { CallOptions, LanguageModel } from '../engine/engine.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../shared/random.js';
import type { SeedTask } from '../shared/rows.js';
import { words } from '../shared/words.js';
import { spoiltResponses } from '../stages/assess/spoil.js';
import { compareAnswers, type ComparedItem } from '../stages/evaluate/compare-answers.js';

/** Seeds that are tried, each with its answer spoilt in three ways. */
const mostSeeds = 16;
/** Words that an answer needs to be spoilt noticeably. */
const fewestWords = 8;
/** As of the judge of pairs (stages/assess/self-test): clearly above chance, with the lower end of its interval, too. */
const trustedAccuracy = 0.75;

const kinds = ['shuffled', 'cut', 'scrambled'] as const;

export interface JudgeTrial {
  isTrusted: boolean;
  /** In words. */
  told: string;
}

export async function tryJudge(
  judge: LanguageModel,
  seeds: readonly SeedTask[],
  call: CallOptions,
): Promise<JudgeTrial> {
  const trials = makeTrials(seeds);
  if (trials.length === 0) return { isTrusted: false, told: 'no seed has an answer to try the judge on' };
  const verdicts = await compareAnswers(judge, trials, call);
  const worth = { win: 1, tie: 0.5, loss: 0 };
  const right = verdicts.map(({ verdict }): number => (verdict === undefined ? 0.5 : worth[verdict]));
  const accuracy = right.reduce((sum, value) => sum + value, 0) / right.length;
  const half = 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / right.length);
  const told = `the base prefers the seeds' own answers to spoilt ones in ${(100 * accuracy).toFixed(0)} % of ${right.length} trials`;
  const isTrusted = accuracy >= trustedAccuracy && accuracy - half > 0.5;
  return { isTrusted, told: isTrusted ? told : `${told}; it would have to in ${100 * trustedAccuracy} %` };
}

function makeTrials(seeds: readonly SeedTask[]): ComparedItem[] {
  const random = randomStream(deriveSeed(0, 'gate', 'judge'));
  const usable = seeds.filter(({ output }) => words(output).length >= fewestWords);
  const drawn = sampleWithoutReplacement(usable, mostSeeds, random);
  return drawn.flatMap((task, i) => {
    const other = drawn[(i + 1) % drawn.length] as SeedTask;
    const spoilt = spoiltResponses(task, task.output, other.output, random);
    return kinds.map((kind) => ({
      ...{ id: `${task.id} ${kind}`, instruction: task.instruction, input: task.input },
      ...{ answer: task.output, baseline: spoilt[kind] },
    }));
  });
}
