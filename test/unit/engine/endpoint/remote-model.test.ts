import { describe, expect, test } from 'vitest';

import type { EndpointOptions } from '../../../../src/engine/endpoint/endpoint.js';
import { openEndpoint, type RemoteModelChoice } from '../../../../src/engine/endpoint/open-endpoint.js';
import type { RemoteModel } from '../../../../src/engine/endpoint/remote-model.js';
import { type Generated, type GenerateRequest, isFailed } from '../../../../src/engine/engine.js';
import type { Completion } from '../../../../src/shared/rows.js';
import {
  type EndpointBehavior,
  type EndpointServer,
  endpointServer,
  type Fault,
  promptOf,
} from '../../../support/endpoint-server.js';
import { closedAddress } from '../../../support/file-server.js';

const key = 'sk-very-secret-key';

/** A model on a server that behaves until it is open, and then as a test asks for. */
async function open(
  behavior: EndpointBehavior = {},
  options: Partial<EndpointOptions & RemoteModelChoice> = {},
): Promise<{ model: RemoteModel; server: EndpointServer }> {
  let isOpen = false;
  const server = await endpointServer({
    ...behavior,
    fault: (...call) => (isOpen ? behavior.fault?.(...call) : undefined),
  });
  const quick = { firstPauseMs: 1, retries: 2, timeout: 0.3, prompts: 'chat' as const };
  const all = { baseUrl: server.baseUrl, apiKey: key, ...quick, fallbackName: 'fallback', ...options };
  const model = await openEndpoint(all, all);
  isOpen = true;
  server.requests.length = 0;
  server.mostAtOnce = 0;
  return { model, server };
}

function ask(id: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
  return { id, prompt: { text: `prompt ${id}` }, maxTokens: 8, stop: [], sampling, seed: 7, ...more };
}

const asks = (n: number) => Array.from({ length: n }, (_, i) => ask(`r${i}`));
const texts = (results: readonly Generated[]) => results.map((one) => (isFailed(one) ? one.error.message : one.text));
/** A fault of the requests whose prompt has this id, as often as told. */
const faultOf = (id: string, fault: Fault, times = Infinity): EndpointBehavior => ({
  fault: (request) => (promptOf(request) === `prompt ${id}` && times-- > 0 ? fault : undefined),
});

function chatAnswer(content: string): object {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  return { choices, usage: { prompt_tokens: 1, completion_tokens: 3 } };
}

describe('what is sent', () => {
  test('raw prompts and messages go their own ways, with all of the sampling', async () => {
    const { model, server } = await open();
    const sampling = { temperature: 0.5, topK: 0, topP: 0.9, minP: 0.1 };
    await model.generate([
      ask('a', { sampling, stop: ['###'], seed: 2 ** 32 - 1 }),
      ask('b', { prompt: { messages: [{ role: 'user', content: 'hello' }] } }),
    ]);
    const [raw, chat] = server.requests.sort((one, other) => other.path.localeCompare(one.path));
    const common = { model: 'test-model', max_tokens: 8, top_k: -1, stream: false };
    expect(raw).toEqual({
      path: '/v1/completions',
      authorization: `Bearer ${key}`,
      body: {
        ...common,
        prompt: 'prompt a',
        temperature: 0.5,
        top_p: 0.9,
        min_p: 0.1,
        stop: ['###'],
        seed: 2 ** 31 - 1,
      },
    });
    expect(chat).toMatchObject({
      path: '/v1/chat/completions',
      body: { ...common, messages: [{ role: 'user', content: 'hello' }], temperature: 0, seed: 7 },
    });
    expect(chat?.body).not.toHaveProperty('stop');
  });

  test('a server that refuses fields it does not know gets none where they are off', async () => {
    const strict = (request: { body: object }): Fault | undefined =>
      'top_k' in request.body ? { status: 400, body: '{"error":{"message":"unknown field top_k"}}' } : undefined;
    const { model, server } = await open({ fault: strict }, { concurrency: 1 });
    const results = await model.generate([
      ...asks(2),
      ask('k', { sampling: { temperature: 1, topK: 5, topP: 1, minP: 0 } }),
    ]);
    expect(texts(results)).toEqual([
      'answer to prompt r0',
      'answer to prompt r1',
      'request k: HTTP 400: unknown field top_k',
    ]);
    expect(server.requests).toHaveLength(4);
    const { model: busy } = await open({ fault: strict }, { concurrency: 16 });
    expect(texts(await busy.generate(asks(20)))).toEqual(asks(20).map(({ id }) => `answer to prompt ${id}`));
  });

  test('a grammar goes to a server that keeps to one, which is found out once', async () => {
    const keeps: EndpointBehavior = {
      answer: ({ body }) => (body.grammar === 'root ::= "zebra 42"' ? chatAnswer('zebra 42') : undefined),
    };
    const { model, server } = await open(keeps);
    await model.generate([ask('a', { grammar: 'root ::= [0-9]' })]);
    await model.generate([ask('b', { grammar: 'root ::= [a-z]' })]);
    expect(server.requests.map(({ body }) => body.grammar)).toEqual([
      'root ::= "zebra 42"',
      'root ::= [0-9]',
      'root ::= [a-z]',
    ]);
    const { model: other } = await open();
    await expect(other.generate([ask('a', { grammar: 'root ::= [0-9]' })])).rejects.toMatchObject({
      code: 'unsupported-model',
      message: 'the server of test-model does not keep to a grammar (GBNF)',
    });
    expect(texts(await other.generate([ask('a')]))).toHaveLength(1);
  });

  test('nothing is sent for no tokens', async () => {
    const { model, server } = await open();
    expect(await model.generate([ask('a', { maxTokens: 0 })])).toEqual([
      { id: 'a', text: '', tokens: 0, stop: 'length' },
    ]);
    expect(server.requests).toEqual([]);
  });
});

describe('what comes back', () => {
  test('results are in the order of the requests, however long each takes, and never too many at once', async () => {
    const delayMs = (request: { body: object }) => (JSON.stringify(request.body).length * 7919) % 23;
    const { model, server } = await open({ delayMs }, { concurrency: 4 });
    const seen: number[] = [];
    const results = await model.generate(asks(40), { onProgress: ({ done }) => seen.push(done) });
    expect(texts(results)).toEqual(asks(40).map(({ id }) => `answer to prompt ${id}`));
    expect(server.mostAtOnce).toBe(4);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  test.each([
    ['length', { finish_reason: 'length' }, ['x'], 'length'],
    ["a stop string, in vLLM's words", { finish_reason: 'stop', stop_reason: 'x' }, ['x'], 'string'],
    ["the end, in vLLM's words", { finish_reason: 'stop', stop_reason: null }, ['x'], 'end'],
    ["a stop string, in SGLang's words", { finish_reason: 'stop', matched_stop: 'x' }, ['x'], 'string'],
    ["the end, in SGLang's words", { finish_reason: 'stop', matched_stop: 2 }, ['x'], 'end'],
    ['untold, with a stop string', { finish_reason: 'stop' }, ['x'], 'string'],
    ['untold, without one', { finish_reason: 'stop' }, [], 'end'],
  ])('why a text ended: %s', async (_, choice, stop, expected) => {
    const usage = { prompt_tokens: 1, completion_tokens: 3 };
    let isOpen = false;
    const { model } = await open({
      answer: () => (isOpen ? { choices: [{ text: 'a', ...choice }], usage } : undefined),
    });
    isOpen = true;
    expect(await model.generate([ask('a', { stop })])).toEqual([{ id: 'a', text: 'a', tokens: 3, stop: expected }]);
  });
});

test('each text is told as it comes, by the place of its request', async () => {
  const { model } = await open(faultOf('r1', { status: 400 }));
  const told: [number, Completion][] = [];
  const results = await model.generate(asks(3), {
    onCompletion: (completion, place) => told.push([place, completion]),
  });
  expect(told.sort(([a], [b]) => a - b)).toEqual([
    [0, results[0]],
    [2, results[2]],
  ]);
});

describe('a request that fails', () => {
  test.each<[string, Fault, RegExp, number]>([
    ['a refusal', { status: 400, body: '{"error":{"message":"too long"}}' }, /^request r1: HTTP 400: too long$/, 1],
    ['a refusal without a message', { status: 422, body: '' }, /HTTP 422: no message$/, 1],
    ['a web page', { text: '<html>Hello</html>' }, /the answer is a web page$/, 1],
    ['half an answer', { text: '{"choices": [{"te' }, /the answer is no valid JSON$/, 1],
    ['no choices', { text: '{}' }, /choices must be a list of one$/, 1],
    ['two choices', { text: '{"choices":[{"text":"a"},{"text":"b"}]}' }, /choices must be a list of one$/, 1],
    ['a wrong type', { text: '{"choices":[{"text":1}]}' }, /choices\.0\.text is missing or of another type$/, 1],
    ['no usage', { text: '{"choices":[{"text":"a"}]}' }, /usage is missing or of another type$/, 1],
    ['an error each time', { status: 500 }, /HTTP 500: not now \(tried 3 times\)$/, 3],
    ['no answer', 'hang', /no answer within 0\.3 seconds \(tried 3 times\)$/, 3],
    ['no end of an answer', 'hang in the body', /no answer within 0\.3 seconds \(tried 3 times\)$/, 3],
    ['a huge answer', { text: `"${'x'.repeat(3000)}"` }, /the answer has more than 2000 bytes$/, 1],
  ])('by %s says so, and the others go on', async (_, fault, message, attempts) => {
    const { model, server } = await open(faultOf('r1', fault), { maxAnswerBytes: 2000 });
    const [first, failed, last] = await model.generate(asks(3));
    expect(texts([first, last] as Generated[])).toEqual(['answer to prompt r0', 'answer to prompt r2']);
    expect(failed).toMatchObject({ id: 'r1', error: { message: expect.stringMatching(message) as string } });
    expect(server.requests.filter((request) => promptOf(request) === 'prompt r1')).toHaveLength(attempts);
  });

  test('for a moment is tried again', async () => {
    for (const fault of [{ status: 500 }, { status: 503 }, { status: 429 }, { status: 408 }, 'drop'] as Fault[]) {
      const { model } = await open(faultOf('r0', fault, 2));
      expect(texts(await model.generate(asks(2)))).toEqual(['answer to prompt r0', 'answer to prompt r1']);
    }
  });

  test('waits as long as the server asks', async () => {
    const { model } = await open(faultOf('r0', { status: 429, headers: { 'retry-after': '1' } }, 1));
    const started = performance.now();
    await model.generate(asks(1));
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  test('never tells the key, not even where the server does', async () => {
    const body = JSON.stringify({ error: { message: `wrong key ${key}, really ${key}` } });
    const { model } = await open(faultOf('r0', { status: 400, body }));
    expect(JSON.stringify(await model.generate(asks(2)))).not.toContain('secret');
    const refusing = await open(faultOf('r0', { status: 401, body }));
    const error: unknown = await refusing.model.generate(asks(2)).catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining('wrong key (the key)') as string,
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
  });

  test('has a message of one short line', async () => {
    const { model } = await open(faultOf('r0', { status: 400, body: `a\nb ${'c'.repeat(5000)}` }));
    const [failed] = texts(await model.generate(asks(2)));
    expect(failed).toMatch(/^request r0: HTTP 400: a b c+…$/);
    expect(failed?.length).toBeLessThan(250);
  });
});

describe('an endpoint that fails', () => {
  test.each([
    ['is not there', async () => `http://${await closedAddress()}/v1`, 'no-network', /ECONNREFUSED.*tried 2 times/],
    ['is none', () => Promise.resolve('http://nowhere.invalid/v1'), 'no-network', /does not work/],
  ])('because it %s is told before any work', async (_, baseUrl, code, message) => {
    const options = { baseUrl: await baseUrl(), retries: 1, firstPauseMs: 1, fallbackName: 'x' };
    const opening = openEndpoint(options, options);
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test('by the key or the name is told before any work', async () => {
    for (const [status, hint] of [
      [401, 'ISHEEP_API_KEY'],
      [404, '--engine-model'],
    ] as const) {
      const server = await endpointServer({ fault: ({ path }) => (path.endsWith('/models') ? undefined : { status }) });
      const options = { baseUrl: server.baseUrl, fallbackName: 'x' };
      const expected = { code: 'bad-config', hint: expect.stringContaining(hint) as string };
      await expect(openEndpoint(options, options)).rejects.toMatchObject(expected);
    }
  });

  test('ends the call without asking for the rest', async () => {
    for (const fault of ['drop', { status: 503 }] as Fault[]) {
      const { model, server } = await open({ fault: () => fault }, { concurrency: 2 });
      await expect(model.generate(asks(100))).rejects.toMatchObject({ code: 'no-network' });
      expect(server.requests.length).toBeLessThan(15);
    }
  });

  test('ends the call where it goes away in the middle', async () => {
    const { model, server } = await open({ fault: (_, n) => (n === 30 ? (server.close(), 'drop') : undefined) });
    await expect(model.generate(asks(100))).rejects.toMatchObject({ code: 'no-network' });
  });

  test('ends the call where no request gets an answer in time', async () => {
    const { model } = await open({ fault: () => 'hang' }, { retries: 0, timeout: 0.05 });
    const expected = { code: 'no-network', message: expect.stringContaining('no answer within') as string };
    await expect(model.generate(asks(20))).rejects.toMatchObject(expected);
  });
});

describe('stopping', () => {
  test('an abort cancels everything at once', async () => {
    const abort = new AbortController();
    let hanging = 0;
    const fault = (): Fault => {
      if (++hanging === 3) abort.abort();
      return 'hang';
    };
    const { model, server } = await open({ fault }, { timeout: 60, concurrency: 3 });
    const call = model.generate(asks(20), { signal: abort.signal });
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
    expect(server.requests).toHaveLength(3);
    await expect(model.generate(asks(2), { signal: abort.signal })).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('an abort ends a pause', async () => {
    const { model } = await open({ fault: () => ({ status: 429, headers: { 'retry-after': '60' } }) });
    const call = model.generate(asks(2), { signal: AbortSignal.timeout(50) });
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('a model that is disposed cancels its work and takes no more', async () => {
    const { model } = await open({ fault: () => 'hang' }, { timeout: 60 });
    const call = model.generate(asks(3));
    setTimeout(() => void model.dispose(), 30);
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
    await expect(model.generate(asks(1))).rejects.toMatchObject({ code: 'bad-config' });
    await model.dispose();
  });
});

describe('opening', () => {
  const choice = async (behavior: EndpointBehavior, more: Partial<RemoteModelChoice> = {}) => {
    const server = await endpointServer(behavior);
    const options = { baseUrl: server.baseUrl, firstPauseMs: 1, fallbackName: 'fallback', ...more };
    const model = await openEndpoint(options, options);
    await model.dispose();
    return { name: model.name, prompts: model.prompts, hasChatTemplate: model.hasChatTemplate };
  };

  test("takes the server's first model, or the one that is named", async () => {
    expect(await choice({ models: ['one', 'two'] })).toEqual({ name: 'one', prompts: 'chat', hasChatTemplate: true });
    expect(await choice({ models: ['one', 'two'] }, { name: 'two' })).toMatchObject({ name: 'two' });
    const unlisted: EndpointBehavior = {
      fault: ({ path }) => (path.endsWith('/models') ? { status: 404 } : undefined),
    };
    expect(await choice(unlisted)).toMatchObject({ name: 'fallback' });
  });

  test('takes raw prompts where the server has no template', async () => {
    const base: EndpointBehavior = { fault: ({ path }) => (path.includes('/chat/') ? { status: 400 } : undefined) };
    expect(await choice(base)).toMatchObject({ prompts: 'raw', hasChatTemplate: false });
    expect(await choice({}, { prompts: 'raw' })).toMatchObject({ hasChatTemplate: false });
    await expect(choice(base, { prompts: 'chat' })).rejects.toMatchObject({ code: 'bad-config' });
  });

  test('refuses a server without raw prompts where they are needed', async () => {
    const chatOnly: EndpointBehavior = {
      fault: ({ path }) => (path === '/v1/completions' ? { status: 404 } : undefined),
    };
    expect(await choice(chatOnly)).toMatchObject({ prompts: 'chat' });
    await expect(choice(chatOnly, { needsRaw: true })).rejects.toMatchObject({ code: 'bad-config' });
  });
});
