// Judges pairs by likelihood: what a small model knows although it cannot say it. Three requests a pair:
// the response after its task, the task after its response, and the task after no response.
import { type CallOptions, isFailed, type LanguageModel, type Scored, type ScoreRequest } from '../../engine/engine.js';
import type { Pair } from '../../shared/rows.js';
import { taskPrompt, userTurn } from '../../shared/task-prompt.js';
import type { UnrankedAssessment } from './assess.js';
import { backPrompt } from './prompts.js';

export async function assessByLikelihood(
  pairs: readonly Pair[],
  model: LanguageModel,
  options: CallOptions,
): Promise<UnrankedAssessment[]> {
  const requests = pairs.flatMap((pair) => likelihoodRequests(pair, model.hasChatTemplate));
  const scores = await model.score(requests, options);
  return pairs.map(({ id }, i) => readLikelihood(id, scores[3 * i], scores[3 * i + 1], scores[3 * i + 2]));
}

function likelihoodRequests(pair: Pair, hasChatTemplate: boolean): ScoreRequest[] {
  const task = userTurn(pair);
  return [
    { id: `${pair.id}/response`, prompt: taskPrompt(pair, hasChatTemplate), continuation: pair.response },
    { id: `${pair.id}/back`, prompt: backPrompt(pair.response, hasChatTemplate), continuation: task },
    { id: `${pair.id}/task`, prompt: backPrompt('', hasChatTemplate), continuation: task },
  ];
}

function readLikelihood(
  id: string,
  response: Scored | undefined,
  back: Scored | undefined,
  task: Scored | undefined,
): UnrankedAssessment {
  if (!response || !back || !task) throw new Error(`the engine returned no score for pair ${id}`);
  const failed = (reason: string) => ({ id, method: 'likelihood', quality: null, following: null, reason }) as const;
  if (isFailed(response) || isFailed(back) || isFailed(task)) return failed('request-failed');
  const likelihood = {
    response: response.logprob / response.tokens,
    back: (back.logprob - task.logprob) / back.tokens,
    end: response.endLogprob,
  };
  if (Object.values(likelihood).every(Number.isFinite)) return { id, method: 'likelihood', likelihood };
  return failed('no-likelihood');
}
