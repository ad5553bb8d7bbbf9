// One HTTP exchange with an endpoint, and what became of it. Every way to fail is a kind, since what to do depends on the
// kind alone: try again, fail this request, or give up the endpoint. The API key never reaches a message.
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';

/** unreachable: no answer came. timeout: none in time. busy: it refuses for now. broken: it failed at the request.
 *  setup: key, path or model are wrong, for every request alike. refused: this request is. nonsense: no API's answer. */
export type FailureKind = 'unreachable' | 'timeout' | 'busy' | 'broken' | 'setup' | 'refused' | 'nonsense';

export class EndpointFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: { status?: number; retryAfterMs?: number } = {},
  ) {
    super(message);
  }
}

export interface HttpOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey?: string;
  timeoutMs: number;
  /** Bytes that an answer may have. */
  maxBytes: number;
}

const connectTimeoutMs = 10_000;
/** Characters of a server's own message that are told. */
const shownCharacters = 200;

export class HttpClient {
  readonly #options: HttpOptions;
  readonly #dispatcher: Dispatcher;

  constructor(options: HttpOptions) {
    this.#options = options;
    const limits = { connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 };
    // A proxy of the environment is for other machines.
    this.#dispatcher = isLoopback(options.baseUrl) ? new Agent(limits) : new EnvHttpProxyAgent(limits);
  }

  /** The JSON of an answer; `path` may be a whole address. Throws EndpointFailure; where `signal` aborts, whatever that throws. */
  async exchange(path: string, body: object | undefined, signal: AbortSignal): Promise<unknown> {
    const { baseUrl, apiKey, timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const {
        statusCode,
        headers,
        body: stream,
      } = await request(path.startsWith('/') ? `${baseUrl}${path}` : path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: this.#dispatcher,
        signal: AbortSignal.any([signal, timeout]),
      });
      const text = await this.#read(stream);
      if (statusCode === 200) return parseJson(text);
      throw this.#statusFailure(statusCode, text, headers['retry-after']);
    } catch (error) {
      if (error instanceof EndpointFailure) throw error;
      signal.throwIfAborted();
      if (timeout.aborted) throw new EndpointFailure('timeout', `no answer within ${timeoutMs / 1000} seconds`);
      throw new EndpointFailure('unreachable', this.#shown(reasonOf(error)));
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #read(stream: Dispatcher.ResponseData['body']): Promise<string> {
    const { maxBytes } = this.#options;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new EndpointFailure('nonsense', `the answer has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #statusFailure(status: number, text: string, retryAfter: string | string[] | undefined): EndpointFailure {
    const message = `HTTP ${status}: ${this.#shown(serverMessage(text))}`;
    const retryAfterMs = parseRetryAfter(typeof retryAfter === 'string' ? retryAfter : undefined);
    return new EndpointFailure(kindOf(status), message, {
      status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  /** On one line, shortened, without the key, which some servers repeat. */
  #shown(text: string): string {
    const { apiKey } = this.#options;
    const line = (apiKey === undefined ? text : text.replaceAll(apiKey, '(the key)')).replace(/\s+/g, ' ').trim();
    return line.length <= shownCharacters ? line || 'no message' : `${line.slice(0, shownCharacters)}…`;
  }
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function kindOf(status: number): FailureKind {
  if (status === 408) return 'timeout';
  if ([429, 502, 503, 504].includes(status)) return 'busy';
  if (status >= 500) return 'broken';
  return [401, 403, 404].includes(status) ? 'setup' : 'refused';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const what = text.trimStart().startsWith('<') ? 'a web page' : 'no valid JSON';
    throw new EndpointFailure('nonsense', `the answer is ${what}`);
  }
}

/** {"error": {"message"}}, {"error": "…"}, {"message"}, {"detail"}; the text itself where it is nothing of the kind. */
function serverMessage(text: string): string {
  try {
    const answer = JSON.parse(text) as { error?: unknown; message?: unknown; detail?: unknown };
    const inner = (answer.error as { message?: unknown } | undefined)?.message;
    const found = [inner, answer.error, answer.message, answer.detail].find((one) => one !== undefined);
    return typeof found === 'string' ? found : JSON.stringify(found ?? answer);
  } catch {
    return text.trimStart().startsWith('<') ? 'a web page' : text;
  }
}

/** Seconds, or a date (RFC 9110). */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** A host with several addresses fails with an error for each. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { message, code } = first as { message?: string; code?: string };
  return message || code || String(first);
}
