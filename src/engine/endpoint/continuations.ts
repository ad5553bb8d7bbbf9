// Log-probabilities of given continuations, from an endpoint that tells those of a prompt: prompt and continuation are
// tokenized apart by the server (/tokenize of vLLM and SGLang), joined, and sent back as a prompt that it echoes.
import { IsheepError } from '../../shared/errors.js';
import type { Prompt, ScoreResult } from '../engine.js';
import { readEcho, readTokenIds } from './answers.js';
import type { Endpoint } from './endpoint.js';
import { EndpointFailure, type FailureKind } from './http.js';
import type { PromptForm } from './remote-model.js';

/** What is found out once about the server. */
interface Ability {
  tokenizePath: string;
  /** The token by which the template ends an answer; undefined where there is no template, or it cannot be told. */
  end: number | undefined;
}

const probe = 'whether it tells log-probabilities of prompts';
const hello = { role: 'user', content: 'Hello' } as const;

export class ContinuationReader {
  readonly #endpoint: Endpoint;
  readonly #model: string;
  #ability: Promise<Ability> | undefined;

  constructor(endpoint: Endpoint, model: string) {
    this.#endpoint = endpoint;
    this.#model = model;
  }

  /** Whether the server tells how likely a continuation is, and that the text ends behind it. */
  async works(form: PromptForm): Promise<boolean> {
    try {
      const prompt: Prompt = form === 'chat' ? { messages: [hello] } : { text: 'Hello' };
      return !Number.isNaN((await this.read(probe, prompt, ' there')).endLogprob);
    } catch (error) {
      if (error instanceof IsheepError && error.code === 'unsupported-model') return false;
      throw error;
    }
  }

  /** `endLogprob` is NaN where the end is not known. Throws `unsupported-model` where the server does not tell. */
  async read(
    name: string,
    prompt: Prompt,
    continuation: string,
    signal?: AbortSignal,
  ): Promise<Pick<ScoreResult, 'logprob' | 'tokens' | 'endLogprob'>> {
    const { tokenizePath, end } = await this.#find(signal);
    const tokenize = (fields: object) => this.#tokenize(tokenizePath, fields, name, signal);
    const context = await this.#promptTokens(prompt, tokenize);
    const continued = await tokenize({ prompt: continuation, add_special_tokens: false });
    const tokens = [...context, ...continued, ...(end === undefined ? [] : [end])];
    const logprobs = readEcho(await this.#echo(tokens, name, signal), tokens.length);
    if (logprobs === undefined)
      throw new EndpointFailure('nonsense', 'the answer lacks log-probabilities of the prompt');
    const told = logprobs.slice(context.length, context.length + continued.length);
    return {
      logprob: told.reduce<number>((sum, value) => sum + (value ?? 0), 0),
      tokens: told.length,
      endLogprob: end === undefined ? NaN : (logprobs.at(-1) ?? NaN),
    };
  }

  async #promptTokens(prompt: Prompt, tokenize: (fields: object) => Promise<number[]>): Promise<number[]> {
    if ('text' in prompt) return tokenize({ prompt: prompt.text, add_special_tokens: true });
    try {
      return await tokenize({ messages: prompt.messages, add_generation_prompt: true });
    } catch (error) {
      if (!isOneOf(error, 'refused')) throw error;
      throw this.#unsupported(`it does not tokenize messages (${error.message}); --engine-prompts raw may do`);
    }
  }

  #find(signal: AbortSignal | undefined): Promise<Ability> {
    this.#ability ??= this.#tryOut(signal).catch((error: unknown) => {
      this.#ability = undefined;
      throw error;
    });
    return this.#ability;
  }

  async #tryOut(signal: AbortSignal | undefined): Promise<Ability> {
    const { path, tokens } = await this.#findTokenizer(signal);
    const end = await this.#findEnd(path, tokens, signal);
    try {
      const prompt = [...tokens, ...tokens];
      if (readEcho(await this.#echo(prompt, probe, signal), prompt.length) !== undefined)
        return { tokenizePath: path, end };
    } catch (error) {
      if (!isOneOf(error, 'refused', 'broken')) throw error;
    }
    throw this.#unsupported('it does not tell log-probabilities of a prompt (echo with logprobs)');
  }

  /** SGLang has it beside /completions, vLLM at the server's root. */
  async #findTokenizer(signal: AbortSignal | undefined): Promise<{ path: string; tokens: number[] }> {
    for (const path of ['/tokenize', `${this.#endpoint.baseUrl.replace(/\/v\d+$/, '')}/tokenize`]) {
      try {
        const tokens = await this.#tokenize(path, { prompt: 'Hello', add_special_tokens: false }, probe, signal);
        if (tokens.length > 0) return { path, tokens };
      } catch (error) {
        if (!isOneOf(error, 'setup', 'refused', 'nonsense')) throw error;
      }
    }
    throw this.#unsupported('it has no /tokenize');
  }

  /** What follows an answer in a conversation that goes on. */
  async #findEnd(
    path: string,
    answer: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const messages = [hello, { role: 'assistant', content: 'Hello' }];
    try {
      const before = await this.#tokenize(path, { messages: [hello], add_generation_prompt: true }, probe, signal);
      const whole = await this.#tokenize(path, { messages, add_generation_prompt: false }, probe, signal);
      const begun = [...before, ...answer];
      return begun.every((token, i) => whole[i] === token) ? whole[begun.length] : undefined;
    } catch (error) {
      if (isOneOf(error, 'refused', 'broken')) return undefined;
      throw error;
    }
  }

  #echo(tokens: readonly number[], name: string, signal: AbortSignal | undefined): Promise<unknown> {
    const body = { model: this.#model, prompt: tokens, echo: true, logprobs: 1, max_tokens: 1, temperature: 1 };
    return this.#endpoint.send('/completions', body, name, signal);
  }

  async #tokenize(path: string, fields: object, name: string, signal: AbortSignal | undefined): Promise<number[]> {
    return readTokenIds(await this.#endpoint.send(path, { model: this.#model, ...fields }, name, signal));
  }

  #unsupported(why: string): IsheepError {
    const message = `the endpoint ${this.#endpoint.baseUrl} cannot tell how likely a given text is: ${why}`;
    return new IsheepError('unsupported-model', message, {
      hint:
        'likelihood needs a server with log-probabilities of prompts, such as vLLM; ' +
        'assess by --method expected (lists of likeliest tokens) or sampled (any endpoint)',
    });
  }
}

function isOneOf(error: unknown, ...kinds: readonly FailureKind[]): error is EndpointFailure {
  return error instanceof EndpointFailure && kinds.includes(error.kind);
}
