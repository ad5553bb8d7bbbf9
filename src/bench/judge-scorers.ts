// Everything that might tell a good pair from a bad one, each as one number a pair, higher meaning better. What is not
// here by name in src/stages/assess is here to be compared with it.
import { isFailed, type LanguageModel, type Scored, type ScoreRequest } from '../engine/engine.js';
import type { Assessment, Pair } from '../shared/rows.js';
import { taskPrompt, userTurn } from '../shared/task-prompt.js';
import { assessPairs, type UnrankedAssessment } from '../stages/assess/assess.js';
import { backPrompt, type Criteria } from '../stages/assess/prompts.js';
import { rankPool, ranksOf } from '../stages/assess/rank.js';
import { words } from './judge-pairs.js';

/** Name of the scorer, and a score for each pair of the pool. NaN where there is none. */
export type Scores = readonly [name: string, values: number[]];

export function textScores(pairs: readonly Pair[]): Scores[] {
  return [
    ['length in words', pairs.map(({ response }) => words(response).length)],
    ['new word triples', pairs.map((pair) => newTriples(pair.response, userTurn(pair)))],
  ];
}

/** The share of the response's word triples that its task does not have; 1 where it has none at all. */
export function newTriples(response: string, task: string): number {
  const known = triples(task);
  const own = [...triples(response)];
  return own.length === 0 ? 1 : own.filter((triple) => !known.has(triple)).length / own.length;
}

function triples(text: string): Set<string> {
  const list = words(text.toLowerCase());
  return new Set(list.slice(2).map((_, i) => list.slice(i, i + 3).join(' ')));
}

/** The likelihoods, in the form that the model is asked in; the lowest rank is the one of `assess --method likelihood`. */
export async function likelihoodScores(pairs: readonly Pair[], model: LanguageModel): Promise<Scores[]> {
  const how = { iteration: 0, seed: 1, settings: { criteria: 'combined', repeats: 1 } } as const;
  const assessed = await assessPairs(pairs, { ...how, method: 'likelihood' }, model);
  const known = assessed.map((one) => ('likelihood' in one ? one.likelihood : { response: NaN, back: NaN, end: NaN }));
  const alone = await model.score(pairs.map((pair) => aloneRequest(pair, model.hasChatTemplate)));
  const tasks = await meansByText(
    pairs.map((pair) => userTurn(pair)),
    model,
  );
  const column = (part: 'response' | 'back' | 'end') => known.map((one) => one[part]);
  const reference = alone.map(meanLogprob);
  const ranks = [column('response'), column('back'), column('end')].map(ranksOf);
  return [
    ['log p(r|i)', column('response')],
    ['b. log p(r|i) - log p(r)', known.map(({ response }, i) => response - (reference[i] as number))],
    ['-IFD', known.map(({ response }, i) => -response / (reference[i] as number))],
    ['log p(i|r)', known.map(({ back }, i) => back + (tasks[i] as number))],
    ['log p(i|r) - log p(i)', column('back')],
    ['log p(end)', column('end')],
    ['mean rank', pairs.map((_, i) => ranks.reduce((sum, one) => sum + (one[i] as number), 0) / ranks.length)],
    ['lowest rank', rankPool(assessed).map((one) => ('rank' in one ? one.rank : NaN))],
  ];
}

/** The response as the answer to nothing. */
function aloneRequest({ id, response }: Pair, hasChatTemplate: boolean): ScoreRequest {
  return { id, prompt: taskPrompt({ instruction: '' }, hasChatTemplate), continuation: response };
}

/** log p a token of each task after no answer; equal tasks are scored once. */
async function meansByText(tasks: readonly string[], model: LanguageModel): Promise<number[]> {
  const unique = [...new Set(tasks)];
  const prompt = backPrompt('', model.hasChatTemplate);
  const scores = await model.score(unique.map((task) => ({ id: task, prompt, continuation: task })));
  const means = new Map(unique.map((task, i) => [task, meanLogprob(scores[i])]));
  return tasks.map((task) => means.get(task) ?? NaN);
}

function meanLogprob(score: Scored | undefined): number {
  return score === undefined || isFailed(score) ? NaN : score.logprob / score.tokens;
}

/** Grades, the sum of both: expected by every wording, and one drawn, as raw text and by the chat template where there is
 *  one. */
export async function gradeScores(
  pairs: readonly Pair[],
  model: LanguageModel,
  tell: (name: string) => void,
): Promise<Scores[]> {
  const scores: Scores[] = [];
  for (const hasChatTemplate of model.hasChatTemplate ? [false, true] : [false]) {
    const form = hasChatTemplate ? 'chat' : 'raw';
    const asked: LanguageModel = {
      hasChatTemplate,
      generate: (requests, options) => model.generate(requests, options),
      score: (requests, options) => model.score(requests, options),
    };
    const grade = async (name: string, method: 'expected' | 'sampled', criteria: Criteria) => {
      tell(`${name} ${form}`);
      const how = { iteration: 0, seed: 1, method, settings: { criteria, repeats: 1 } };
      scores.push([`${name} ${form}`, (await assessPairs(pairs, how, asked)).map(sumOfGrades)]);
    };
    for (const criteria of ['combined', 'simple', 'examples'] as const) {
      await grade(`expected ${criteria}`, 'expected', criteria);
    }
    await grade('sampled combined', 'sampled', 'combined');
  }
  return scores;
}

/** A pair without grades counts as the worst. */
function sumOfGrades(assessment: Assessment | UnrankedAssessment): number {
  return 'quality' in assessment && assessment.quality !== null ? assessment.quality + assessment.following : 0;
}
