// Judges pairs by likelihood: what a small model knows although it cannot say it. The response after its task, the task
// after its response, and the task after no response.
import { type CallOptions, isFailed, type LanguageModel, type Scored, type ScoreRequest } from '../../engine/engine.js';
import type { Pair, WrittenLikelihood } from '../../shared/rows.js';
import { taskPrompt, userTurn } from '../../shared/task-prompt.js';
import type { UnrankedAssessment } from './assess.js';
import { inPairs } from './progress.js';
import { backPrompt } from './prompts.js';

/** How likely a response is after its task, and how likely it is to end there. */
interface Forward {
  logprob: number;
  tokens: number;
  end: number;
}

/**
 * `ownResponses`: the model itself wrote the responses, in the state in which it is now. What it recorded then
 * (`source.written`) is what scoring them would give, and is taken instead.
 */
export async function assessByLikelihood(
  pairs: readonly Pair[],
  model: LanguageModel,
  options: CallOptions,
  ownResponses = false,
): Promise<UnrankedAssessment[]> {
  const recorded = pairs.map((pair) => (ownResponses ? recordedForward(pair) : undefined));
  const requests = likelihoodRequests(pairs, recorded, model.hasChatTemplate);
  const asked = [...requests.values()];
  const scores = await model.score(asked, inPairs(options, pairs.length, asked));
  const byId = new Map([...requests.keys()].map((key, i) => [key, scores[i]]));
  return pairs.map((pair, i) => {
    const forward = recorded[i] ?? scoredForward(byId.get(forwardKey(pair)));
    return readLikelihood(pair.id, forward, byId.get(backKey(pair)), byId.get(taskKey(pair)));
  });
}

const forwardKey = (pair: Pair) => `response ${pair.id}`;
const backKey = (pair: Pair) => `back ${pair.id}`;
/** Pairs of one task share its reference. */
const taskKey = (pair: Pair) => `task ${userTurn(pair)}`;

/** What has to be scored, by key. One kind after the other, since each kind shares its beginning. */
function likelihoodRequests(
  pairs: readonly Pair[],
  recorded: readonly (Forward | undefined)[],
  hasChatTemplate: boolean,
): Map<string, ScoreRequest> {
  const requests = new Map<string, ScoreRequest>();
  for (const [i, pair] of pairs.entries()) {
    if (recorded[i] !== undefined) continue;
    const prompt = taskPrompt(pair, hasChatTemplate);
    requests.set(forwardKey(pair), { id: `${pair.id}/response`, prompt, continuation: pair.response });
  }
  for (const pair of pairs) {
    const prompt = backPrompt(pair.response, hasChatTemplate);
    requests.set(backKey(pair), { id: `${pair.id}/back`, prompt, continuation: userTurn(pair) });
  }
  for (const pair of pairs) {
    if (requests.has(taskKey(pair))) continue;
    const prompt = backPrompt('', hasChatTemplate);
    requests.set(taskKey(pair), { id: `${pair.id}/task`, prompt, continuation: userTurn(pair) });
  }
  return requests;
}

/** Undefined where nothing was recorded, or the response was cut off where it ends. */
function recordedForward({ source }: Pair): Forward | undefined {
  const written = source?.written as Partial<WrittenLikelihood> | undefined;
  const { logprob, tokens, end } = written ?? {};
  if (typeof logprob !== 'number' || typeof tokens !== 'number' || typeof end !== 'number') return undefined;
  return { logprob, tokens, end };
}

function scoredForward(score: Scored | undefined): Forward | 'failed' | undefined {
  if (score === undefined) return undefined;
  return isFailed(score) ? 'failed' : { logprob: score.logprob, tokens: score.tokens, end: score.endLogprob };
}

function readLikelihood(
  id: string,
  forward: Forward | 'failed' | undefined,
  back: Scored | undefined,
  task: Scored | undefined,
): UnrankedAssessment {
  if (!forward || !back || !task) throw new Error(`the engine returned no score for pair ${id}`);
  const failed = (reason: string) => ({ id, method: 'likelihood', quality: null, following: null, reason }) as const;
  if (forward === 'failed' || isFailed(back) || isFailed(task)) return failed('request-failed');
  const likelihood = {
    response: forward.logprob / forward.tokens,
    back: (back.logprob - task.logprob) / back.tokens,
    end: forward.end,
  };
  if (Object.values(likelihood).every(Number.isFinite)) return { id, method: 'likelihood', likelihood };
  return failed('no-likelihood');
}
