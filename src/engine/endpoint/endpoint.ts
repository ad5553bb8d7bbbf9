// Requests to an endpoint: tried again where a moment later may be better, many at a time, and given up all together
// where the endpoint is down. What fails by itself leaves the others alone.
import { setTimeout as delay } from 'node:timers/promises';

import { IsheepError, type ErrorCode } from '../../shared/errors.js';
import { deriveSeed } from '../../shared/random.js';
import type { CallOptions, FailedRequest } from '../engine.js';
import { EndpointFailure, type FailureKind, HttpClient } from './http.js';

export interface EndpointOptions {
  /** http://host:port/v1 */
  baseUrl: string;
  apiKey?: string;
  /** Requests at the same time. */
  concurrency?: number;
  /** How often a request is tried again. */
  retries?: number;
  /** Seconds for one answer. */
  timeout?: number;
  /** Milliseconds before the second attempt; each further pause is twice as long. */
  firstPauseMs?: number;
  maxAnswerBytes?: number;
}

export interface EachOptions<Result> extends CallOptions {
  /** Called with each result as it comes, and its request's place; not for what failed. */
  onResult?: (result: Result, place: number) => void;
}

const endpointDefaults = { concurrency: 16, retries: 5, timeout: 600 };

const longestPauseMs = 30_000;
/** However long a server asks to wait. */
const longestRetryAfterMs = 300_000;

const worthRetrying: readonly FailureKind[] = ['unreachable', 'timeout', 'busy', 'broken'];
/** Kinds that tell of the endpoint, not of the request. */
const isDownKinds: readonly FailureKind[] = ['unreachable', 'busy'];

export class Endpoint {
  readonly baseUrl: string;
  readonly #http: HttpClient;
  readonly #concurrency: number;
  readonly #retries: number;
  readonly #firstPauseMs: number;
  readonly #closed = new AbortController();
  /** When the last answer came that a request was content with, or was refused by. */
  #lastAnswer = -Infinity;

  constructor(options: EndpointOptions) {
    const { baseUrl, apiKey, timeout = endpointDefaults.timeout, maxAnswerBytes = 32 * 1024 ** 2 } = options;
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    const limits = { timeoutMs: timeout * 1000, maxBytes: maxAnswerBytes };
    this.#http = new HttpClient({ baseUrl: this.baseUrl, ...(apiKey !== undefined && { apiKey }), ...limits });
    this.#concurrency = options.concurrency ?? endpointDefaults.concurrency;
    this.#retries = options.retries ?? endpointDefaults.retries;
    this.#firstPauseMs = options.firstPauseMs ?? 500;
  }

  /** The answer's JSON; `body` undefined: GET. `name` decides how long pauses are, so that requests do not come back all at
   *  once. Throws EndpointFailure, or `interrupted`. */
  async send(path: string, body: object | undefined, name: string, signal?: AbortSignal): Promise<unknown> {
    const stop = AbortSignal.any([this.#closed.signal, ...(signal ? [signal] : [])]);
    const started = performance.now();
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          stop.throwIfAborted();
          const answer = await this.#http.exchange(path, body, stop);
          this.#lastAnswer = performance.now();
          return answer;
        } catch (error) {
          if (!(error instanceof EndpointFailure)) throw error;
          if (!isDownKinds.includes(error.kind) && error.kind !== 'timeout') this.#lastAnswer = performance.now();
          if (!worthRetrying.includes(error.kind) || attempt >= this.#retries) {
            throw this.#explained(error, attempt + 1, started);
          }
          await delay(this.#pauseMs(error, name, attempt), undefined, { signal: stop });
        }
      }
    } catch (error) {
      if (stop.aborted) throw interrupted();
      throw error;
    }
  }

  /** Does `work` for every request, so many at a time, in any order; results in the requests' order. A request that fails by
   *  itself has a FailedRequest. Throws `no-network` where the endpoint is down, `bad-config` where every request would be
   *  refused for the same reason, `interrupted`, and what else `work` throws; the other requests are cancelled then. */
  async each<Request extends { id: string }, Result extends { id: string; tokens: number }>(
    requests: readonly Request[],
    work: (request: Request, signal: AbortSignal) => Promise<Result>,
    { signal, onProgress, onResult }: EachOptions<Result>,
  ): Promise<(Result | FailedRequest)[]> {
    const cancel = new AbortController();
    const stop = AbortSignal.any([cancel.signal, this.#closed.signal, ...(signal ? [signal] : [])]);
    const results: (Result | FailedRequest)[] = [];
    const failures: EndpointFailure[] = [];
    const progress = { done: 0, tokens: 0 };
    const waiting = requests.entries();
    const worker = async (): Promise<void> => {
      for (const [i, request] of waiting) {
        if (stop.aborted) throw interrupted();
        try {
          const result = await work(request, stop);
          results[i] = result;
          progress.tokens += result.tokens;
          onResult?.(result, i);
        } catch (error) {
          if (!(error instanceof EndpointFailure)) throw error;
          if (error instanceof OfAllRequests) throw this.#callFailure(error);
          failures.push(error);
          results[i] = failedRequest(request.id, error);
        }
        progress.done++;
        onProgress?.({ ...progress });
      }
    };
    const workers = Array.from({ length: Math.min(this.#concurrency, requests.length) }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      cancel.abort();
      await Promise.allSettled(workers);
      throw error;
    }
    const silent = failures.filter(({ kind }) => kind === 'timeout' || isDownKinds.includes(kind));
    if (silent[0] !== undefined && silent.length === requests.length) throw this.#callFailure(silent[0]);
    return results;
  }

  /** An error for the whole of what is done with the endpoint. */
  failure(error: unknown): unknown {
    return error instanceof EndpointFailure ? this.#callFailure(error) : error;
  }

  /** Cancels what runs and closes the connections. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#http.close();
  }

  #pauseMs({ details }: EndpointFailure, name: string, attempt: number): number {
    const share = 0.5 + deriveSeed(0, 'pause', name, attempt) / 2 ** 33;
    const pause = Math.min(longestPauseMs, this.#firstPauseMs * 2 ** attempt) * share;
    return Math.max(pause, Math.min(longestRetryAfterMs, details.retryAfterMs ?? 0));
  }

  /** With the number of attempts; marked where no request at all got an answer since the first of them. */
  #explained(failure: EndpointFailure, attempts: number, started: number): EndpointFailure {
    const message = attempts === 1 ? failure.message : `${failure.message} (tried ${attempts} times)`;
    const isDown = isDownKinds.includes(failure.kind) && this.#lastAnswer < started;
    const Kind = isDown || failure.kind === 'setup' ? OfAllRequests : EndpointFailure;
    return new Kind(failure.kind, message, failure.details);
  }

  #callFailure({ kind, message, details }: EndpointFailure): IsheepError {
    const where = `the endpoint ${this.baseUrl}`;
    if (kind === 'setup') {
      const isKey = details.status !== 404;
      return new IsheepError('bad-config', `${where} refuses every request: ${message}`, {
        hint: isKey
          ? 'the API key is taken from the environment variable ISHEEP_API_KEY'
          : 'check --base-url (most end in /v1) and --engine-model, the name under which the server knows the model',
      });
    }
    if (kind === 'refused') return new IsheepError('bad-config', `${where} refuses the request: ${message}`);
    return new IsheepError('no-network', `${where} does not work: ${message}`, {
      hint: 'start the server, or check --base-url; the same command continues',
    });
  }
}

/** A failure that every other request of the call would have too. */
class OfAllRequests extends EndpointFailure {}

function failedRequest(id: string, { kind, message }: EndpointFailure): FailedRequest {
  const code: ErrorCode = kind === 'refused' ? 'bad-input' : 'no-network';
  return { id, error: { code, message: `request ${id}: ${message}` } };
}

function interrupted(): IsheepError {
  return new IsheepError('interrupted', 'interrupted');
}
