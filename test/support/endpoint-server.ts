// A loopback server of the OpenAI-compatible API that answers, and misbehaves, as a test asks for. Its texts are echoes of
// the prompts, so that a test sees which answer is whose; its tokens are characters.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface ReceivedRequest {
  path: string;
  authorization: string | undefined;
  body: Record<string, unknown>;
}

/** What comes instead of the usual answer: a status with a body and headers, text of a body, or a way to say nothing. */
export type Fault =
  | { status: number; body?: string; headers?: Record<string, string> }
  | { text: string }
  | 'hang'
  | 'hang in the body'
  | 'drop';

export interface EndpointServer {
  baseUrl: string;
  requests: ReceivedRequest[];
  /** The most requests that were being answered at one time. */
  mostAtOnce: number;
  /** Stops listening and drops every connection. */
  close: () => void;
}

export interface EndpointBehavior {
  /** Undefined: the usual answer. Called once a request, in the order in which they come. */
  fault?: (request: ReceivedRequest, number: number) => Fault | undefined;
  /** Milliseconds before an answer. */
  delayMs?: (request: ReceivedRequest) => number;
  /** Laid over a usual answer. */
  answer?: (request: ReceivedRequest) => object | undefined;
  models?: readonly string[];
}

export async function endpointServer(behavior: EndpointBehavior = {}): Promise<EndpointServer> {
  const requests: ReceivedRequest[] = [];
  let atOnce = 0;
  const state: EndpointServer = { baseUrl: '', requests, mostAtOnce: 0, close: () => undefined };
  const server = createServer((incoming, response) => {
    state.mostAtOnce = Math.max(state.mostAtOnce, ++atOnce);
    response.on('close', () => atOnce--);
    void receive(incoming).then(async (request) => {
      requests.push(request);
      const fault = behavior.fault?.(request, requests.length);
      await sleep(behavior.delayMs?.(request) ?? 0);
      if (fault !== undefined) {
        misbehave(fault, response);
        return;
      }
      const answer = behavior.answer?.(request) ?? usualAnswer(request, behavior.models ?? ['test-model']);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(state.close);
  state.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return state;
}

/** The prompt's text, or the content of its last message. */
export function promptOf({ body }: ReceivedRequest): string {
  if (typeof body.prompt === 'string') return body.prompt;
  const messages = (body.messages ?? []) as { content: string }[];
  return messages.at(-1)?.content ?? '';
}

async function receive(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { path: incoming.url ?? '', authorization: incoming.headers.authorization, body };
}

function misbehave(fault: Fault, response: ServerResponse): void {
  if (fault === 'hang') return;
  if (fault === 'drop') response.destroy();
  else if (fault === 'hang in the body') response.writeHead(200).write('{"choices": [');
  else if ('text' in fault) response.writeHead(200).end(fault.text);
  else response.writeHead(fault.status, fault.headers).end(fault.body ?? '{"error":{"message":"not now"}}');
}

function usualAnswer(request: ReceivedRequest, models: readonly string[]): object {
  if (request.path.endsWith('/models')) return { data: models.map((id) => ({ id })) };
  const prompt = promptOf(request);
  const text = `answer to ${prompt}`;
  const usage = { prompt_tokens: prompt.length, completion_tokens: text.length };
  const choice = request.path.endsWith('/chat/completions')
    ? { message: { role: 'assistant', content: text } }
    : { text };
  return { choices: [{ ...choice, finish_reason: 'stop' }], usage };
}
