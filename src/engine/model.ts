// A GGUF model that writes and reads text: the façade over the native runner. Chooses the batch, switches adapters and has one
// call done after the other; texts become tokens in prompt-reader.ts, and arguments are checked by check-requests.ts.
import type {
  NativeAdapter,
  NativeCompletion,
  NativeEmbedRequest,
  NativeModel,
  NativeModelInfo,
  NativeRunner,
  NativeScore,
  NativeScoreRequest,
} from '../native/addon-types.js';
import { loadAddon } from '../native/load-addon.js';
import { IsheepError, fromNative, withNativeErrors } from '../shared/errors.js';
import type { Completion, Message, WrittenLikelihood } from '../shared/rows.js';
import {
  type BatchSettings,
  checkFits,
  chooseBatchShape,
  defaultBatchSettings,
  mebibytes,
  type RunnerShape,
  sameShape,
} from './batch-policy.js';
import { cancellable } from './cancellable.js';
import {
  checkEmbedRequests,
  checkGenerateRequests,
  checkModelOptions,
  checkScoreRequests,
  tooLongPrompt,
} from './check-requests.js';
import { eachOrFailed } from './each-or-failed.js';
import { checkGrammar } from './grammar.js';
import { joinTokens } from './join-tokens.js';
import { freeBytes, packedBytesByMemory } from './memory.js';
import type { ModelOptions } from './model-options.js';
import { logSumExp, type NextTexts, readNextTexts } from './next-texts.js';
import type {
  CallOptions,
  Embedded,
  Embedder,
  EmbedRequest,
  Generated,
  GenerateOptions,
  GenerateRequest,
  LanguageModel,
  OpenTurn,
  Prompt,
  Scored,
  ScoreRequest,
  ScoreResult,
} from './engine.js';
import { PromptReader } from './prompt-reader.js';
import { threadCount } from './thread-count.js';

/** Loads a model. Throws `model-not-found`, `bad-input` (not GGUF, cut off), `unsupported-model`, `bad-config`. */
export async function loadModel(options: ModelOptions): Promise<Model> {
  checkModelOptions(options);
  const { path, device = 'auto', vocabularyOnly = false, packedBytes = packedBytesByMemory() } = options;
  const native = await withNativeErrors(() => loadAddon().loadModel({ path, device, vocabularyOnly, packedBytes }));
  return new Model(native, options);
}

/** A request as the runner takes it, and how its result is read. */
interface ScoreWork extends NativeScoreRequest {
  id: string;
  texts: NextTexts;
  /** Tokens of the continuation. */
  continued: number;
}

export class Model implements LanguageModel, Embedder {
  readonly info: NativeModelInfo;
  readonly #native: NativeModel;
  readonly #threads: number;
  readonly #settings: BatchSettings;
  readonly #reader: PromptReader;
  #runner: { native: NativeRunner; shape: RunnerShape } | null = null;
  #adapter: NativeAdapter | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;
  #checkedGrammar: string | undefined;

  constructor(native: NativeModel, options: ModelOptions) {
    this.#native = native;
    this.info = native.info;
    const { threads = 0 } = options;
    this.#threads = threadCount(threads);
    this.#settings = { ...defaultBatchSettings, ...options.batch };
    this.#reader = new PromptReader(native, options.chatTemplate);
  }

  get hasChatTemplate(): boolean {
    return this.#reader.hasChatTemplate;
  }

  get writesUserTurns(): boolean {
    return this.#reader.writesUserTurns;
  }

  /** The tokens of a prompt, BOS as the GGUF says. An empty raw prompt is the BOS token (EOS where there is none), since
   *  a model needs something to start from. */
  promptTokens(prompt: Prompt | OpenTurn): Int32Array {
    return this.#reader.promptTokens(prompt);
  }

  /** The tokens of a text that goes on behind a raw prompt. */
  continuationTokens(text: string): Int32Array {
    return this.#reader.continuationTokens(text);
  }

  /** A pair as it is trained: the prompt's tokens (`context` of them), then the response and the end of its turn. */
  exampleTokens(example: { messages: readonly Message[]; response: string }): { tokens: Int32Array; context: number } {
    return this.#reader.exampleTokens(example);
  }

  /** The text of each token as it stands within a text, special ones included. */
  pieces(tokens: ArrayLike<number>): string[] {
    return this.#reader.pieces(tokens);
  }

  /** Which adapter applies to the calls that follow; null: none. Throws `adapter-mismatch`, `model-not-found`. */
  setAdapter(path: string | null): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#adapter;
      // Read again even where the path is the same: the file may be another one by now.
      this.#adapter = path === null ? null : await withNativeErrors(() => this.#native.loadAdapter(path));
      if (this.#runner) this.#applyAdapter(this.#runner.native);
      await before?.dispose();
    });
  }

  generate(requests: readonly GenerateRequest[], options: GenerateOptions = {}): Promise<Generated[]> {
    checkGenerateRequests(requests);
    return this.#inTurn(() =>
      eachOrFailed(
        requests,
        (request, place) => ({ ...this.#generateRequest(request), place }),
        async (natives) => {
          const runner = await this.#runnerFor(natives.map((request) => request.tokens.length + request.maxTokens));
          const completions: Completion[] = [];
          const progress = { done: 0, tokens: 0 };
          const finished = (native: NativeCompletion) => {
            const { id, place } = natives[native.index] as { id: string; place: number };
            const completion = this.#completion(id, native);
            completions[native.index] = completion;
            progress.done++;
            progress.tokens += completion.tokens;
            options.onProgress?.({ ...progress });
            options.onCompletion?.(completion, place);
          };
          await this.#call(runner, options.signal, () => runner.generate(natives, finished));
          return completions;
        },
      ),
    );
  }

  score(requests: readonly ScoreRequest[], options: CallOptions = {}): Promise<Scored[]> {
    checkScoreRequests(requests);
    return this.#inTurn(() =>
      eachOrFailed(
        requests,
        (request) => this.#scoreRequest(request),
        async (natives) => {
          const runner = await this.#runnerFor(natives.map((request) => request.tokens.length));
          const scores = await this.#call(runner, options.signal, () =>
            runner.score(natives, (done) => options.onProgress?.({ done, tokens: 0 })),
          );
          return scores.map((score, i) => this.#scoreResult(natives[i] as ScoreWork, score));
        },
      ),
    );
  }

  embed(requests: readonly EmbedRequest[], options: CallOptions = {}): Promise<Embedded[]> {
    checkEmbedRequests(requests);
    return this.#inTurn(() =>
      eachOrFailed(
        requests,
        (request) => this.#embedRequest(request),
        async (natives) => {
          const runner = await this.#runnerFor(
            natives.map((request) => request.tokens.length),
            true,
          );
          const vectors = await this.#call(runner, options.signal, () =>
            runner.embed(natives, (done) => options.onProgress?.({ done, tokens: 0 })),
          );
          return natives.map(({ id, cutTokens }, i) => ({ id, vector: vectors[i] as Float32Array, cutTokens }));
        },
      ),
    );
  }

  /** Ends what runs and frees everything. May be called again. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#native.dispose();
  }

  #generateRequest(request: GenerateRequest): GenerateRequest & { tokens: Int32Array; stopTokens: Int32Array } {
    const room = this.info.trainedContext;
    const unmatched = request.stop.find((text) => /\p{Surrogate}/u.test(text));
    if (unmatched !== undefined) {
      throw new IsheepError(
        'bad-input',
        `request ${request.id}: the stop text ${JSON.stringify(unmatched)} can never match: it holds half a character`,
      );
    }
    this.#checkGrammar(request);
    const tokens = this.promptTokens(request.prompt);
    if (tokens.length >= room) throw tooLongPrompt(request.id, tokens.length, room);
    const stop = [...request.stop, ...this.#reader.stopsOf(request.prompt)];
    // A completion's text has no control tokens, so a stop text that names one would never be found in it.
    const stops = this.info.specialTokens.filter(({ text }) => stop.includes(text));
    const stopTokens = Int32Array.from(stops, ({ id }) => id);
    const maxTokens = Math.min(request.maxTokens, room - tokens.length);
    checkFits(`request ${request.id}`, tokens.length + maxTokens, this.info.cacheBytesPerToken, this.#settings);
    return { ...request, stop, tokens, stopTokens, maxTokens };
  }

  /** The requests of a call mostly have one grammar, so the last is remembered. */
  #checkGrammar({ id, grammar }: GenerateRequest): void {
    if (grammar === undefined || grammar === this.#checkedGrammar) return;
    checkGrammar(`request ${id}`, grammar);
    this.#checkedGrammar = grammar;
  }

  #scoreRequest({ id, prompt, continuation, next = [] }: ScoreRequest): ScoreWork {
    const context = this.promptTokens(prompt);
    const continued = this.continuationTokens(continuation);
    const texts = this.#reader.nextTexts(next, continued.at(-1) ?? (context.at(-1) as number));
    const length = context.length + continued.length + texts.walk.length;
    if (length > this.info.trainedContext) throw tooLongPrompt(id, length, this.info.trainedContext);
    checkFits(`request ${id}`, length, this.info.cacheBytesPerToken, this.#settings);
    return {
      ...{ id, texts, continued: continued.length },
      tokens: joinTokens(context, continued, texts.walk),
      context: context.length,
      next: joinTokens(this.info.endTokens, texts.tokens),
      places: texts.walk.length + 1,
    };
  }

  #embedRequest({ id, prompt }: EmbedRequest): NativeEmbedRequest & { id: string; cutTokens: number } {
    const whole = this.promptTokens(prompt);
    const tokens = whole.subarray(0, this.info.trainedContext);
    checkFits(`request ${id}`, tokens.length, this.info.cacheBytesPerToken, this.#settings);
    const before = tokens.length > 1 && tokens[0] === this.info.bos ? 1 : 0; // it is the same in every text
    return { id, tokens, before, cutTokens: whole.length - tokens.length };
  }

  #scoreResult({ id, texts, continued, next }: ScoreWork, { logprobs, nextLogprobs }: NativeScore): ScoreResult {
    const ends = this.info.endTokens.length;
    const read = (place: number, token: number) => nextLogprobs[place * next.length + ends + token] as number;
    return {
      id,
      logprob: logprobs.subarray(0, continued).reduce((sum, value) => sum + value, 0),
      tokens: continued,
      endLogprob: logSumExp(nextLogprobs.subarray(0, ends)),
      nextLogprobs: readNextTexts(texts, logprobs.subarray(continued), read),
    };
  }

  #completion(id: string, native: NativeCompletion): Completion {
    const { text, tokens, stop, logprob } = native;
    const written = this.#written(native);
    return { id, text, tokens: tokens.length, stop, logprob, ...(written && { written }) };
  }

  /** What a completion's own tokens tell about its text, where they are the tokens that the text has when it is read. */
  #written({ text, tokens, logprobs, endLogprobs }: NativeCompletion): WrittenLikelihood | undefined {
    const read = this.continuationTokens(text.trim());
    const isSame = read.length <= tokens.length && read.every((token, i) => token === tokens[i]);
    if (!isSame || read.length === 0) return undefined;
    const logprob = logprobs.subarray(0, read.length).reduce((sum, value) => sum + value, 0);
    return { logprob, tokens: read.length, end: endLogprobs[read.length] ?? null };
  }

  /** The runner of the shape that the requests need, kept from the call before where it fits. */
  async #runnerFor(lengths: readonly number[], embeddings = false): Promise<NativeRunner> {
    const shape = { ...chooseBatchShape(lengths, this.info.cacheBytesPerToken, this.#settings), embeddings };
    if (this.#runner && sameShape(this.#runner.shape, shape)) return this.#runner.native;
    await this.#runner?.native.dispose();
    this.#runner = null;
    const bytes = shape.sequences * shape.sequenceTokens * this.info.cacheBytesPerToken;
    const free = freeBytes();
    if (bytes > free) {
      throw new IsheepError(
        'not-enough-memory',
        `${shape.sequences} sequences of ${shape.sequenceTokens} tokens need a cache of ${mebibytes(bytes)} and ` +
          `${mebibytes(free)} are free`,
        { hint: 'run fewer requests in parallel, or free some memory' },
      );
    }
    const native = await withNativeErrors(() => this.#native.createRunner({ ...shape, threads: this.#threads }));
    this.#runner = { native, shape };
    this.#applyAdapter(native);
    return native;
  }

  #applyAdapter(runner: NativeRunner): void {
    runner.setAdapters(this.#adapter ? [{ adapter: this.#adapter, scale: 1 }] : []);
  }

  /** Runs a native call that an abort signal, or the end of the process, cancels. */
  async #call<T>(runner: NativeRunner, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    return cancellable(
      () => runner.cancel(),
      signal,
      () => withNativeErrors(call),
    );
  }

  /** One call at a time, in the order in which they were made. Those made before the model is disposed are interrupted. */
  async #inTurn<T>(body: () => Promise<T>): Promise<T> {
    if (this.#disposed) throw new IsheepError('bad-config', 'the model is disposed', { hint: 'load it again' });
    const turn = this.#last.then(body).catch((thrown: unknown) => {
      const error = fromNative(thrown);
      // Something that it works with is gone.
      const isGone = this.#disposed && error instanceof IsheepError && error.code === 'bad-config';
      throw isGone ? new IsheepError('interrupted', 'the model was disposed', { cause: error }) : error;
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
