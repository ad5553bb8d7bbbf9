// How likely given texts come next, read from the likeliest tokens that an endpoint lists after a prompt.
//
// A listed token that begins with a text, behind a space or not, counts for it. One that is only the beginning of a text
// (a lone space, the "1" of "10") is gone on from: the prompt is asked again with the token at its end. A token that is not
// listed counts as impossible; all that it can have is less than the last one listed.
import { IsheepError } from '../../shared/errors.js';
import type { Prompt } from '../engine.js';
import { type LikelyToken, readNextTokens } from './answers.js';
import type { Endpoint } from './endpoint.js';
import { EndpointFailure } from './http.js';
import type { PromptForm } from './remote-model.js';
import { pathOf, promptFields } from './request-fields.js';

/** How many tokens servers list at most: llama-server any number, vLLM and others 20, the oldest 5. */
const listLengths: readonly number[] = [100, 20, 5];
/** What a beginning must have for it to matter how it goes on. */
const negligible = 1e-4;
/** How often a list is asked for. */
const draws = 5;
/** How much probability may be lost where a server cannot go on from a begun answer. */
const tolerable = 0.05;

const one: Prompt = { messages: [{ role: 'user', content: 'Write a number from 1 to 10 and nothing else.' }] };
const oneRaw: Prompt = { text: 'A number from 1 to 10:' };
const numbers = Array.from({ length: 10 }, (_, i) => String(i + 1));

interface Place {
  prompt: Prompt;
  /** What the model has written from the prompt on. */
  written: string;
  /** log p of it. */
  logprob: number;
  /** Tokens that the prompt must have with it; undefined: not known yet. */
  promptTokens?: number;
}

export class NextTextReader {
  readonly #endpoint: Endpoint;
  readonly #model: string;
  #listLength = 0;
  #hasListed = false;
  #works: Promise<boolean> | undefined;

  constructor(endpoint: Endpoint, model: string) {
    this.#endpoint = endpoint;
    this.#model = model;
  }

  /** Whether the server tells enough to know the numbers 1 to 10 apart. */
  works(form: PromptForm): Promise<boolean> {
    this.#works ??= this.#try(form);
    return this.#works;
  }

  /** log p that what comes next begins with each text. Throws `unsupported-model` where the server does not tell. */
  async read(name: string, prompt: Prompt, texts: readonly string[], signal?: AbortSignal): Promise<number[]> {
    const sums = texts.map(() => 0);
    const places: Place[] = [{ prompt, written: '', logprob: 0 }];
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      const list = await this.#list(name, place, signal);
      if (list === undefined) continue;
      const whole = list.tokens.filter(({ text }) => texts.includes(withoutSpace(text))).map(({ text }) => text);
      for (const token of list.tokens) {
        const isBeginning = addTo(sums, texts, place, token);
        // Where "10" is a token, "1" is not its beginning.
        const isWhole = whole.some((text) => text.length > token.text.length && text.startsWith(token.text));
        const isSpace = withoutSpace(token.text) === '';
        if (isBeginning && (isSpace || !isWhole)) places.push(after(place, token, list.promptTokens));
      }
    }
    return sums.map(Math.log);
  }

  async #try(form: PromptForm): Promise<boolean> {
    try {
      const logprobs = await this.read('whether it tells what comes next', form === 'chat' ? one : oneRaw, numbers);
      return logprobs.some((value) => value > -Infinity);
    } catch (error) {
      if (error instanceof IsheepError && error.code === 'unsupported-model') return false;
      if (error instanceof EndpointFailure && (error.kind === 'refused' || error.kind === 'nonsense')) return false;
      this.#works = undefined;
      throw error;
    }
  }

  async #list(name: string, place: Place, signal: AbortSignal | undefined) {
    const list = await this.#listOfAnyDraw(name, place, signal);
    // A server that ends the begun turn and opens another, instead of going on from it, has more tokens.
    if ('text' in place.prompt || place.promptTokens === undefined || list.promptTokens === place.promptTokens)
      return list;
    if (Math.exp(place.logprob) <= tolerable) return undefined;
    const begun = JSON.stringify(place.written);
    throw new EndpointFailure(
      'nonsense',
      `the server does not go on from a begun answer (${begun}), so 1 and 10 look alike`,
    );
  }

  /** llama-server lists nothing where the token that it draws ends the text; another draw has the same list. */
  async #listOfAnyDraw(name: string, place: Place, signal: AbortSignal | undefined) {
    for (let seed = 0; seed < draws; seed++) {
      const list = readNextTokens(await this.#ask(name, place, seed, signal));
      this.#hasListed ||= list !== undefined;
      if (list !== undefined) return list;
    }
    const why = 'it lists no likeliest tokens (logprobs)';
    if (!this.#hasListed) throw unsupported(this.#endpoint, why);
    throw new EndpointFailure('nonsense', `the server ended the text in each of ${draws} draws, and then ${why}`);
  }

  /** With as long a list as the server gives. */
  async #ask(
    name: string,
    { prompt, written }: Place,
    seed: number,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    for (;;) {
      const length = this.#listLength;
      try {
        const body = nextTokenBody(this.#model, prompt, written, listLengths[length] as number, seed);
        return await this.#endpoint.send(pathOf(prompt), body, name, signal);
      } catch (error) {
        const isTooLong =
          error instanceof EndpointFailure && error.kind === 'refused' && /logprob/i.test(error.message);
        if (!isTooLong) throw error;
        if (length + 1 === listLengths.length) throw unsupported(this.#endpoint, error.message);
        this.#listLength = Math.max(this.#listLength, length + 1);
      }
    }
  }
}

/** Adds what `token` says of the texts; true where it is but the beginning of one, and is worth going on from. */
function addTo(sums: number[], texts: readonly string[], { written, logprob }: Place, token: LikelyToken): boolean {
  const begun = withoutSpace(written + token.text);
  const probability = Math.exp(logprob + token.logprob);
  let isBeginning = false;
  for (const [i, text] of texts.entries()) {
    // What was counted a place before is not counted again.
    if (begun.startsWith(text) && !withoutSpace(written).startsWith(text)) (sums[i] as number) += probability;
    else if (text.length > begun.length && text.startsWith(begun)) isBeginning = true;
  }
  return isBeginning && token.text !== '' && probability > negligible;
}

function after({ prompt, written, logprob }: Place, token: LikelyToken, promptTokens: number): Place {
  return { prompt, written: written + token.text, logprob: logprob + token.logprob, promptTokens: promptTokens + 1 };
}

function withoutSpace(text: string): string {
  return text.replace(/^[ \u2581\u0120]/, '');
}

/** Nothing that the sampling does is looked at; temperature 1 because some servers scale what they list by it. */
function nextTokenBody(model: string, prompt: Prompt, written: string, length: number, seed: number): object {
  const isRaw = 'text' in prompt;
  const begun = { role: 'assistant', content: written };
  return {
    model,
    ...(isRaw ? { prompt: prompt.text + written } : promptFields(prompt)),
    ...(!isRaw &&
      written !== '' && {
        messages: [...prompt.messages, begun],
        // vLLM and SGLang need to be told; llama-server goes on from a last message of the assistant anyway.
        continue_final_message: true,
        add_generation_prompt: false,
      }),
    max_tokens: 1,
    temperature: 1,
    top_p: 1,
    seed,
    ...(isRaw ? { logprobs: length } : { logprobs: true, top_logprobs: length }),
    stream: false,
  };
}

function unsupported({ baseUrl }: Endpoint, why: string): IsheepError {
  return new IsheepError(
    'unsupported-model',
    `the endpoint ${baseUrl} cannot tell how likely a text comes next: ${why}`,
    {
      hint: 'assess by --method sampled, which every endpoint can, or use a server that lists the likeliest tokens',
    },
  );
}
