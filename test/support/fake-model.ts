// A language model whose answers the test decides. Records what it was asked.
import {
  type CallOptions,
  type Embedded,
  type EmbedRequest,
  type FailedRequest,
  type Generated,
  type GenerateOptions,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
  type Scored,
  type ScoreRequest,
  type ScoreResult,
} from '../../src/engine/engine.js';
import { IsheepError } from '../../src/shared/errors.js';
import type { Completion, StopReason, WrittenLikelihood } from '../../src/shared/rows.js';

export interface FakeModelOptions {
  hasChatTemplate?: boolean;
  /** Text of a request; default: "". */
  write?: (request: GenerateRequest) => string | { text: string; stop: StopReason; written?: WrittenLikelihood };
  /** Overrides of the score of a request; default: one token a word at log p -1, an end of -2, -3 for each of `next`. */
  read?: (request: ScoreRequest) => Partial<ScoreResult>;
  /** Requests that fail by themselves; default: none. */
  fails?: (request: GenerateRequest | ScoreRequest | EmbedRequest) => boolean;
  /** The vector of a request; default: how many of its letters are a to h, of length 1. */
  place?: (request: EmbedRequest) => readonly number[];
}

export class FakeModel implements LanguageModel {
  readonly hasChatTemplate: boolean;
  readonly generated: GenerateRequest[][] = [];
  readonly scored: ScoreRequest[][] = [];
  readonly embedded: EmbedRequest[][] = [];
  readonly #options: FakeModelOptions;

  constructor(options: FakeModelOptions = {}) {
    this.hasChatTemplate = options.hasChatTemplate ?? true;
    this.#options = options;
  }

  generate(requests: readonly GenerateRequest[], options: GenerateOptions = {}): Promise<Generated[]> {
    options.onProgress?.({ done: requests.length, tokens: 0 });
    this.generated.push([...requests]);
    const results: Generated[] = [];
    for (const [place, request] of requests.entries()) {
      if (options.signal?.aborted === true) return Promise.reject(new IsheepError('interrupted', 'interrupted'));
      const result = this.#failure(request) ?? this.#completion(request);
      results.push(result);
      if (!isFailed(result)) options.onCompletion?.(result, place);
    }
    return Promise.resolve(results);
  }

  score(requests: readonly ScoreRequest[], options: CallOptions = {}): Promise<Scored[]> {
    options.onProgress?.({ done: requests.length, tokens: 0 });
    this.scored.push([...requests]);
    return Promise.resolve(requests.map((request) => this.#failure(request) ?? this.#score(request)));
  }

  embed(requests: readonly EmbedRequest[], options: CallOptions = {}): Promise<Embedded[]> {
    options.onProgress?.({ done: requests.length, tokens: 0 });
    this.embedded.push([...requests]);
    return Promise.resolve(requests.map((request) => this.#failure(request) ?? this.#place(request)));
  }

  #place(request: EmbedRequest): Embedded {
    const place = this.#options.place?.(request) ?? letterCounts(promptText(request));
    const length = Math.hypot(...place);
    return { id: request.id, vector: Float32Array.from(place, (value) => value / length), cutTokens: 0 };
  }

  #failure(request: GenerateRequest | ScoreRequest | EmbedRequest): FailedRequest | undefined {
    if (this.#options.fails?.(request) !== true) return undefined;
    return { id: request.id, error: { code: 'bad-input', message: `request ${request.id} is too long` } };
  }

  #completion(request: GenerateRequest): Completion {
    const written = this.#options.write?.(request) ?? '';
    const completion = typeof written === 'string' ? { text: written, stop: 'end' as const } : written;
    const tokens = countWords(completion.text);
    return { id: request.id, tokens, logprob: -tokens, ...completion };
  }

  #score(request: ScoreRequest): ScoreResult {
    const tokens = countWords(request.continuation);
    const nextLogprobs = (request.next ?? []).map(() => -3);
    return { id: request.id, logprob: -tokens, tokens, endLogprob: -2, nextLogprobs, ...this.#options.read?.(request) };
  }
}

/** The text of a request's prompt, whatever its form. */
export function promptText({ prompt }: GenerateRequest | ScoreRequest | EmbedRequest): string {
  if ('turn' in prompt) return '';
  return 'text' in prompt ? prompt.text : prompt.messages.map(({ content }) => content).join('\n');
}

/** Of a to h, one more each, so that no text is without a place. */
export function letterCounts(text: string): number[] {
  return 'abcdefgh'.split('').map((letter) => text.toLowerCase().split(letter).length);
}

function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
