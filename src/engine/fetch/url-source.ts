// A model from a URL: continued where an earlier attempt stopped, if the server still has the same file (RFC 9110,
// "If-Range"), otherwise from the start. Proxies are taken from the usual environment variables.
import { setTimeout as delay } from 'node:timers/promises';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';

import type { KnownFile, UrlSource } from '../known-models.js';
import type { PartFile } from './part-file.js';
import { SourceFailure } from './source-failure.js';

export interface SourceContext {
  model: KnownFile;
  part: PartFile;
  onBytes: () => void;
  signal: AbortSignal | undefined;
}

/** Attempts in a row without a new byte before a source is given up. */
const maxAttempts = 3;
const pauseMs = 500;

/** Statuses that may be better a moment later. */
const transientStatus = new Set([408, 429, 500, 502, 503, 504]);

class Transient extends SourceFailure {}

/** Fills `part` with as many bytes as the model has. Throws SourceFailure; what came in stays in the part. */
export async function fetchUrl(source: UrlSource, context: SourceContext): Promise<void> {
  const dispatcher = new EnvHttpProxyAgent({
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
    connect: { timeout: 15_000 },
  });
  try {
    for (let attempt = 1; ; attempt++) {
      const before = context.part.bytes;
      try {
        await attemptFetch(source.url, context, dispatcher);
        return;
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        if (context.part.bytes > before) attempt = 0;
        else if (attempt >= maxAttempts) throw error;
        await delay(pauseMs * Math.max(1, attempt), undefined, context.signal && { signal: context.signal });
      }
    }
  } finally {
    await dispatcher.close();
  }
}

async function attemptFetch(url: string, context: SourceContext, dispatcher: EnvHttpProxyAgent): Promise<void> {
  const { model, part } = context;
  if (part.origin?.url === url && part.bytes === model.bytes) return;
  const response = await request(url, context, dispatcher);
  const ready = await prepare(response, url, context);
  if (!ready || !response.body) {
    await response.body?.cancel();
    throw new Transient('the server has another file than before');
  }
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      if (part.bytes + chunk.length > model.bytes) throw tooLong(model);
      await part.write(chunk);
      context.onBytes();
    }
  } catch (error) {
    throw networkFailure(error, context);
  }
  if (part.bytes < model.bytes) throw new Transient(`ended after ${part.bytes} of ${model.bytes} bytes`);
}

async function request(url: string, { part, signal }: SourceContext, dispatcher: EnvHttpProxyAgent): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (part.origin?.url === url && part.origin.etag && part.bytes > 0) {
    headers.range = `bytes=${part.bytes}-`;
    headers['if-range'] = part.origin.etag;
  }
  try {
    return await fetch(url, { headers, dispatcher, ...(signal && { signal }) });
  } catch (error) {
    throw networkFailure(error, { signal });
  }
}

/** Makes the part fit what the response will send; false where the request must be made again. Throws on a refusal. */
async function prepare(response: Response, url: string, { model, part }: SourceContext): Promise<boolean> {
  if (response.status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    if (Number(start) === part.bytes && Number(total) === model.bytes) return true;
    await part.restart();
    return false;
  }
  if (response.status === 416) {
    await part.restart();
    return false;
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    const reason = `HTTP ${response.status} ${response.statusText}`.trim();
    throw transientStatus.has(response.status) ? new Transient(reason) : new SourceFailure(reason);
  }
  const length = response.headers.get('content-length');
  if (length !== null && Number(length) !== model.bytes) {
    await response.body?.cancel();
    throw new SourceFailure(`has ${length} bytes instead of ${model.bytes}`, { differs: true });
  }
  const etag = response.headers.get('etag') ?? '';
  await part.restart({ url, etag: etag.startsWith('W/') ? '' : etag }); // a weak tag does not promise the same bytes
  return true;
}

function tooLong(model: KnownFile): SourceFailure {
  return new SourceFailure(`has more than ${model.bytes} bytes`, { differs: true });
}

/** Refused and unknown hosts stay so; a connection that broke may come back. Anything not of the network as it came. */
function networkFailure(error: unknown, { signal }: { signal: AbortSignal | undefined }): unknown {
  if (signal?.aborted || error instanceof SourceFailure || !(error instanceof TypeError)) return error;
  const cause = error.cause as (Error & { code?: string }) | undefined;
  const reason = cause?.message || cause?.code || error.message;
  const broke = [
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    'ECONNRESET',
    'UND_ERR_SOCKET',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'EPIPE',
  ];
  return broke.includes(cause?.code ?? '')
    ? new Transient(reason, { cause: error })
    : new SourceFailure(reason, { cause: error });
}
