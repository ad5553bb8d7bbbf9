// A model behind an OpenAI-compatible endpoint: raw prompts go to /completions, messages to /chat/completions, where the
// server applies its own template. It stays what it is: adapters of ours cannot be put on it.
import { IsheepError } from '../../shared/errors.js';
import type { Completion } from '../../shared/rows.js';
import { checkGenerateRequests, checkScoreRequests } from '../check-requests.js';
import {
  type CallOptions,
  type Generated,
  type GenerateOptions,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
  type Prompt,
  type Scored,
  type ScoreRequest,
  type ScoreResult,
} from '../engine.js';
import { readChatCompletion, readCompletion } from './answers.js';
import { ContinuationReader } from './continuations.js';
import type { Endpoint } from './endpoint.js';
import { EndpointFailure } from './http.js';
import { NextTextReader } from './next-texts.js';
import { extensionFields, pathOf, promptFields, samplingFields } from './request-fields.js';

export type PromptForm = 'chat' | 'raw';

const greeting: Prompt = { messages: [{ role: 'user', content: 'Hello' }] };

export interface RemoteModelOptions {
  endpoint: Endpoint;
  /** As the server knows it. */
  name: string;
  /** Whether tasks are put as messages, or as raw text. */
  prompts: PromptForm;
}

export class RemoteModel implements LanguageModel {
  readonly name: string;
  readonly prompts: PromptForm;
  readonly #endpoint: Endpoint;
  readonly #nextTexts: NextTextReader;
  readonly #continuations: ContinuationReader;
  /** Until the server refuses them. */
  #takesExtensions = true;
  #keepsGrammars: Promise<boolean> | undefined;
  #disposed = false;

  constructor({ endpoint, name, prompts }: RemoteModelOptions) {
    this.name = name;
    this.prompts = prompts;
    this.#endpoint = endpoint;
    this.#nextTexts = new NextTextReader(endpoint, name);
    this.#continuations = new ContinuationReader(endpoint, name);
  }

  get hasChatTemplate(): boolean {
    return this.prompts === 'chat';
  }

  async generate(
    requests: readonly GenerateRequest[],
    { onCompletion, ...options }: GenerateOptions = {},
  ): Promise<Generated[]> {
    this.#refuseDisposed();
    checkGenerateRequests(requests);
    if (requests.some(({ grammar }) => grammar !== undefined)) await this.#needGrammars();
    return this.#endpoint.each(requests, (request, signal) => this.#write(request, signal), {
      ...options,
      ...(onCompletion && { onResult: onCompletion }),
    });
  }

  /** Throws `unsupported-model` where the server does not tell what is asked for. */
  async score(requests: readonly ScoreRequest[], options: CallOptions = {}): Promise<Scored[]> {
    this.#refuseDisposed();
    checkScoreRequests(requests);
    return this.#endpoint.each(requests, (request, signal) => this.#read(request, signal), {
      ...options,
      ...(options.onProgress && { onProgress: ({ done }) => options.onProgress?.({ done, tokens: 0 }) }),
    });
  }

  /** Finds out by a request, once. */
  async canScore(what: 'continuation' | 'next'): Promise<boolean> {
    this.#refuseDisposed();
    const reader = what === 'next' ? this.#nextTexts : this.#continuations;
    try {
      return await reader.works(this.prompts);
    } catch (error) {
      throw this.#endpoint.failure(error);
    }
  }

  /** Most servers pass over a field that they do not know, so the server is asked once for a text that only a grammar gives. */
  async keepsGrammars(): Promise<boolean> {
    this.#refuseDisposed();
    this.#keepsGrammars ??= this.#tryGrammar();
    return this.#keepsGrammars;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#endpoint.close();
  }

  async #needGrammars(): Promise<void> {
    if (await this.keepsGrammars()) return;
    throw new IsheepError('unsupported-model', `the server of ${this.name} does not keep to a grammar (GBNF)`, {
      hint: 'llama-server does; elsewhere leave out --grammar, synthesize.constrained and assess.constrained',
    });
  }

  async #tryGrammar(): Promise<boolean> {
    const text = 'zebra 42';
    const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
    const prompt = this.prompts === 'chat' ? greeting : { text: 'Hello' };
    const request = {
      id: 'grammar',
      prompt,
      maxTokens: 16,
      stop: [],
      seed: 1,
      sampling,
      grammar: `root ::= "${text}"`,
    };
    const [answer] = await this.#endpoint.each([request], (one, signal) => this.#write(one, signal), {});
    return answer !== undefined && !isFailed(answer) && answer.text.trim() === text;
  }

  async #write(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    const { id, prompt, maxTokens, stop } = request;
    if (maxTokens === 0) return { id, text: '', tokens: 0, stop: 'length' };
    const answer = await this.#complete(request, signal);
    const read = 'text' in prompt ? readCompletion : readChatCompletion;
    return { id, ...read(answer, stop.length > 0) };
  }

  async #complete(request: GenerateRequest, signal: AbortSignal): Promise<unknown> {
    const { id, prompt, sampling } = request;
    const body = generationBody(this.name, request);
    const isOff = sampling.topK === 0 && sampling.minP === 0;
    // Asked once: others on the way find out the same.
    const isExtended = this.#takesExtensions || !isOff;
    try {
      return await this.#endpoint.send(pathOf(prompt), isExtended ? body : withoutExtensions(body), id, signal);
    } catch (error) {
      if (!isOff || !isExtended || !namesExtension(error)) throw error;
      // A server that knows no such fields does not do what they would switch off.
      this.#takesExtensions = false;
      return await this.#endpoint.send(pathOf(prompt), withoutExtensions(body), id, signal);
    }
  }

  async #read(request: ScoreRequest, signal: AbortSignal): Promise<ScoreResult> {
    const { id, prompt, continuation, next = [] } = request;
    if (continuation === '') {
      const nextLogprobs = next.length === 0 ? [] : await this.#nextTexts.read(id, prompt, next, signal);
      return { id, logprob: 0, tokens: 0, endLogprob: NaN, nextLogprobs };
    }
    if (next.length === 0)
      return { id, ...(await this.#continuations.read(id, prompt, continuation, signal)), nextLogprobs: [] };
    throw new IsheepError('bad-input', `request ${id}: an endpoint tells what comes next after a prompt only`, {
      hint: 'ask without a continuation',
    });
  }

  #refuseDisposed(): void {
    if (!this.#disposed) return;
    throw new IsheepError('bad-config', 'the model is disposed', { hint: 'open it again' });
  }
}

function generationBody(model: string, request: GenerateRequest): object {
  const { prompt, maxTokens, stop, grammar, sampling, seed } = request;
  return {
    model,
    ...promptFields(prompt),
    max_tokens: maxTokens,
    ...samplingFields(sampling),
    seed: seed % 2 ** 31, // some servers read a signed number
    ...(stop.length > 0 && { stop }),
    ...(grammar !== undefined && { grammar }), // llama-server's
    stream: false,
  };
}

function withoutExtensions(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !extensionFields.includes(name)));
}

function namesExtension(error: unknown): boolean {
  return (
    error instanceof EndpointFailure &&
    error.kind === 'refused' &&
    extensionFields.some((name) => error.message.includes(name))
  );
}
