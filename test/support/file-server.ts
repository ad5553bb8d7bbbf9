// A loopback server of one file that misbehaves as a test asks for. It knows ranges and entity tags.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Behavior {
  content: Buffer;
  etag?: string;
  /** Answers that come first, one a request: a status, or a cut of the connection after so many bytes of the body. */
  faults?: ({ status: number } | { cutAfter: number })[];
  /** Requests to /moved are sent on to the file. */
  withoutLength?: boolean;
}

export interface FileServer {
  url: string;
  behavior: Behavior;
  /** "GET /model.gguf" with the Range header where there was one. */
  requests: string[];
}

/** An address on which nothing listens. */
export async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

export async function fileServer(behavior: Behavior): Promise<FileServer> {
  process.env.NO_PROXY = '127.0.0.1'; // whatever proxy the machine is set up for
  const state: FileServer = { url: '', behavior, requests: [] };
  const server = createServer((request, response) => answer(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gguf`;
  return state;
}

function answer(state: FileServer, request: IncomingMessage, response: ServerResponse): void {
  const range = request.headers.range;
  state.requests.push([request.method, request.url, range].filter(Boolean).join(' '));
  if (request.url === '/moved') {
    response.writeHead(302, { location: '/model.gguf' }).end();
    return;
  }
  const fault = state.behavior.faults?.shift();
  if (fault && 'status' in fault) {
    response.writeHead(fault.status).end('sorry');
    return;
  }
  const { content, etag } = state.behavior;
  const start = range && request.headers['if-range'] === etag ? Number(/\d+/.exec(range)?.[0]) : 0;
  const body = content.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    ...(etag && { etag }),
    ...(!state.behavior.withoutLength && { 'content-length': body.length }),
    ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  if (!fault) response.end(body);
  else response.write(body.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 50));
}
