// Stage respond: the model answers the candidates, zero-shot, with one or several responses each.
import { isDeepStrictEqual } from 'node:util';

import type { Config } from '../../config/schema.js';
import {
  type CallOptions,
  countTokens,
  type Generated,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
} from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { Candidate, Pair } from '../../shared/rows.js';
import { type InputJoiner, joinedTask, plainTextStops, taskPrompt } from '../../shared/task-prompt.js';

export interface RespondInput extends CallOptions {
  /** The kept candidates, in order. */
  candidates: readonly Candidate[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  settings: Config['respond'];
  /** What judges and trains has between instruction and input. */
  inputJoiner: InputJoiner;
  /** Responses are asked for with nothing there instead (quirks.gluedInput). */
  gluedInput: boolean;
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface RespondChunk {
  /** Counted from 0; a chunk holds all responses of its candidates, at most settings.chunk of them. */
  index: number;
  /** The first response has the candidate's id, the k-th `<id>-r<k>`. `source` says {stop, tokens, logprob?, written?, seed},
   *  or {error, seed} where there is no response; and {candidate} where a candidate has several. Responses have no white
   *  space around. */
  pairs: Pair[];
  /** What the model wrote, untouched, in the same order. */
  completions: Generated[];
  /** Tokens that were generated. */
  tokens: number;
}

/** A response that is asked for. */
interface Asked {
  /** The pair without its response. */
  pair: Omit<Pair, 'response'>;
  request: GenerateRequest;
  /** Whether the likelihood of what is written is the one that judging would find: only where it would ask the same. */
  isJudgedAlike: boolean;
}

export async function* respond(input: RespondInput, model: LanguageModel): AsyncGenerator<RespondChunk, void> {
  const { candidates, settings } = input;
  const perChunk = Math.max(1, Math.floor(settings.chunk / settings.responses));
  for (let index = input.firstChunk; index * perChunk < candidates.length; index++) {
    const part = candidates.slice(index * perChunk, (index + 1) * perChunk);
    const asked = part.flatMap((candidate) => askFor(candidate, input, model.hasChatTemplate));
    const completions = await model.generate(
      asked.map(({ request }) => request),
      input,
    );
    const pairs = asked.map((one, i) => readPair(one, completions[i]));
    yield { index, completions, pairs, tokens: countTokens(completions) };
  }
}

/** How many responses stand in the chunks of `candidates`. */
export function responseCount(candidates: number, { responses }: Config['respond']): number {
  return candidates * responses;
}

/** Whether the chat template writes the prompt; the paper's base writes after plain text, its tuned models in ChatML. */
function asksByTemplate(form: Config['respond']['form'], iteration: number): boolean {
  return form === 'chat' || (form === 'raw-first' && iteration > 1);
}

function askFor(candidate: Candidate, input: RespondInput, hasChatTemplate: boolean): Asked[] {
  const { form, responses, temperature, topK, topP, minP, maxTokens } = input.settings;
  const { id: candidateId, instruction, input: text } = candidate;
  const byTemplate = hasChatTemplate && asksByTemplate(form, input.iteration);
  const task = { instruction, input: text };
  const prompt = taskPrompt(joinedTask(task, input.gluedInput ? 'nothing' : input.inputJoiner), byTemplate);
  const judgedPrompt = taskPrompt(joinedTask(task, input.inputJoiner), hasChatTemplate);
  return Array.from({ length: responses }, (_, k) => {
    const id = k === 0 ? candidateId : `${candidateId}-r${k + 1}`;
    return {
      pair: { id, ...task, ...(responses > 1 && { source: { candidate: candidateId } }) },
      request: {
        id,
        prompt,
        maxTokens,
        stop: byTemplate ? [] : plainTextStops,
        sampling: { temperature, topK, topP, minP },
        seed: deriveSeed(input.seed, 'respond', input.iteration, id),
      },
      isJudgedAlike: isDeepStrictEqual(prompt, judgedPrompt),
    };
  });
}

function readPair({ pair, request, isJudgedAlike }: Asked, completion: Generated | undefined): Pair {
  const { id, instruction, input, source: before } = pair;
  if (completion?.id !== id) throw new Error(`the engine returned no completion for ${id}`);
  const { seed } = request;
  if (isFailed(completion)) {
    return { id, instruction, input, response: '', source: { ...before, error: completion.error.message, seed } };
  }
  const { text, stop, tokens, logprob, written } = completion;
  const likelihoods = { ...(logprob !== undefined && { logprob }), ...(isJudgedAlike && written && { written }) };
  return { id, instruction, input, response: text.trim(), source: { ...before, stop, tokens, ...likelihoods, seed } };
}
