// Fields of requests that several kinds of them have.
import { IsheepError } from '../../shared/errors.js';
import type { OpenTurn, Prompt, Sampling } from '../engine.js';

/** Raw prompts go one way and messages, on which the server puts its template, another. */
export function pathOf(prompt: Prompt | OpenTurn): string {
  return 'text' in prompt ? '/completions' : '/chat/completions';
}

/** Throws `bad-config` for a user's turn, which no server of this API lets a model write. */
export function promptFields(prompt: Prompt | OpenTurn): object {
  if ('turn' in prompt) {
    throw new IsheepError('bad-config', "an endpoint does not let a model write the user's turn", {
      hint: 'use a local model, or let instructions be written from seeds',
    });
  }
  return 'text' in prompt ? { prompt: prompt.text } : { messages: prompt.messages };
}

/** Sampling is told whole, what is off too: a server has defaults of its own (llama-server: top_k 40, min_p 0.05). */
export function samplingFields({ temperature, topP, topK, minP }: Sampling): object {
  return { temperature, top_p: topP, top_k: topK === 0 ? -1 : topK, min_p: minP };
}

/** Those of samplingFields that are not of the API itself but of vLLM, SGLang and llama-server. */
export const extensionFields: readonly string[] = ['top_k', 'min_p'];
