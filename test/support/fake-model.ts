// A language model whose answers the test decides. Records what it was asked.
import type { GenerateRequest, LanguageModel, ScoreRequest, ScoreResult } from '../../src/engine/engine.js';
import type { Completion, StopReason } from '../../src/shared/rows.js';

export interface FakeModelOptions {
  hasChatTemplate?: boolean;
  /** Text of a request; default: "". */
  write?: (request: GenerateRequest) => string | { text: string; stop: StopReason };
  /** Overrides of the score of a request; default: one token a word at log p -1, an end of -2, -3 for each of `next`. */
  read?: (request: ScoreRequest) => Partial<ScoreResult>;
}

export class FakeModel implements LanguageModel {
  readonly hasChatTemplate: boolean;
  readonly generated: GenerateRequest[][] = [];
  readonly scored: ScoreRequest[][] = [];
  readonly #options: FakeModelOptions;

  constructor(options: FakeModelOptions = {}) {
    this.hasChatTemplate = options.hasChatTemplate ?? true;
    this.#options = options;
  }

  generate(requests: readonly GenerateRequest[]): Promise<Completion[]> {
    this.generated.push([...requests]);
    return Promise.resolve(requests.map((request) => this.#completion(request)));
  }

  score(requests: readonly ScoreRequest[]): Promise<ScoreResult[]> {
    this.scored.push([...requests]);
    return Promise.resolve(requests.map((request) => this.#score(request)));
  }

  #completion(request: GenerateRequest): Completion {
    const written = this.#options.write?.(request) ?? '';
    const { text, stop } = typeof written === 'string' ? { text: written, stop: 'end' as const } : written;
    return { id: request.id, text, stop, tokens: countWords(text), logprob: -countWords(text) };
  }

  #score(request: ScoreRequest): ScoreResult {
    const tokens = countWords(request.continuation);
    const nextLogprobs = (request.next ?? []).map(() => -3);
    return { id: request.id, logprob: -tokens, tokens, endLogprob: -2, nextLogprobs, ...this.#options.read?.(request) };
  }
}

/** The text of a request's prompt, whatever its form. */
export function promptText({ prompt }: GenerateRequest | ScoreRequest): string {
  return 'text' in prompt ? prompt.text : prompt.messages.map(({ content }) => content).join('\n');
}

function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
