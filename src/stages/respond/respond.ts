// Stage respond: the model answers the candidates, zero-shot, one response each.
import type { Config } from '../../config/schema.js';
import {
  type CallOptions,
  type Generated,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
} from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { Candidate, Pair } from '../../shared/rows.js';
import { plainTextStops, taskPrompt } from '../../shared/task-prompt.js';
import { withoutAnswerLabel } from './answer-label.js';

export interface RespondInput extends CallOptions {
  /** The kept candidates, in order. */
  candidates: readonly Candidate[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  settings: Config['respond'];
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface RespondChunk {
  /** Counted from 0; chunk k holds the candidates k * settings.chunk and following. */
  index: number;
  /** With the candidates' ids; `source` says {stop, tokens, logprob?, written?, seed}, or {error, seed} where there is no
   *  response.
   *  Responses have no white space around, and no label of an answer before. */
  pairs: Pair[];
  /** What the model wrote, untouched, in the same order. */
  completions: Generated[];
}

export async function* respond(input: RespondInput, model: LanguageModel): AsyncGenerator<RespondChunk, void> {
  const { candidates, settings } = input;
  for (let index = input.firstChunk; index * settings.chunk < candidates.length; index++) {
    const part = candidates.slice(index * settings.chunk, (index + 1) * settings.chunk);
    const requests = part.map((candidate) => respondRequest(candidate, input, model.hasChatTemplate));
    const completions = await model.generate(requests, input);
    yield { index, completions, pairs: part.map((candidate, i) => readPair(candidate, requests[i], completions[i])) };
  }
}

function respondRequest(candidate: Candidate, input: RespondInput, hasChatTemplate: boolean): GenerateRequest {
  const { temperature, topK, topP, minP, maxTokens } = input.settings;
  return {
    id: candidate.id,
    prompt: taskPrompt(candidate, hasChatTemplate),
    maxTokens,
    stop: hasChatTemplate ? [] : plainTextStops,
    sampling: { temperature, topK, topP, minP },
    seed: deriveSeed(input.seed, 'respond', input.iteration, candidate.id),
  };
}

function readPair(
  { id, instruction, input }: Candidate,
  request: GenerateRequest | undefined,
  completion: Generated | undefined,
): Pair {
  if (completion?.id !== id || request === undefined) throw new Error(`the engine returned no completion for ${id}`);
  const { seed } = request;
  if (isFailed(completion)) {
    return { id, instruction, input, response: '', source: { error: completion.error.message, seed } };
  }
  const { text, stop, tokens, logprob, written } = completion;
  const trimmed = text.trim();
  const response = withoutAnswerLabel(trimmed);
  // How likely the text was while it was written says nothing of a part of it, so that part is scored.
  const ofResponse = response === trimmed && written;
  const source = { stop, tokens, ...(logprob !== undefined && { logprob }), ...(ofResponse && { written }), seed };
  return { id, instruction, input, response, source };
}
