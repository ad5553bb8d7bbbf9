// What an endpoint tells of probabilities, in the forms of several servers.
import { describe, expect, test } from 'vitest';

import { openEndpoint } from '../../../../src/engine/endpoint/open-endpoint.js';
import type { RemoteModel } from '../../../../src/engine/endpoint/remote-model.js';
import { isFailed, type Prompt, type Scored } from '../../../../src/engine/engine.js';
import { possibleMethods, refuseImpossible } from '../../../../src/stages/assess/possible-methods.js';
import { chooseMethod } from '../../../../src/stages/assess/self-test.js';
import {
  type EndpointBehavior,
  type EndpointServer,
  endpointServer,
  promptOf,
  type ReceivedRequest,
} from '../../../support/endpoint-server.js';

async function open(behavior: EndpointBehavior, prompts: 'chat' | 'raw' = 'raw') {
  const server = await endpointServer(behavior);
  const options = { baseUrl: server.baseUrl, firstPauseMs: 1, retries: 1, prompts, fallbackName: 'x' };
  const model = await openEndpoint(options, options);
  server.requests.length = 0;
  return { model, server };
}

const messages: Prompt = { messages: [{ role: 'user', content: 'Grade it.' }] };

const probabilities = (results: readonly Scored[]) =>
  results.map((one) =>
    isFailed(one) ? one.error.message : one.nextLogprobs.map((value) => Number(Math.exp(value).toFixed(6))),
  );

/** The probabilities of what comes after a begun text, as a model of its own would have them. */
type Model = (written: string) => Record<string, number>;

/** "10" as two tokens, behind a space that is a token. */
const spacedDigits: Model = (written) => {
  if (written === '') return { ' ': 0.5, '7': 0.2, '\n': 0.3 };
  if (written === ' ') return { '1': 0.6, '8': 0.4 };
  return written === ' 1' ? { '0': 0.9, '.': 0.1 } : {};
};

/** "10" as one token, with words beside it. */
const wholeNumbers: Model = () => ({ '1': 0.1, '10': 0.4, '8': 0.2, ' 8': 0.1, Good: 0.2 });

interface Form {
  table?: boolean;
  longest?: number;
  /** Whether it goes on from a begun answer. */
  continues?: boolean;
}

/** A server that lists the likeliest tokens of `model`, in the form that is asked for. */
function listing(model: Model, { table = false, longest = 1000, continues = true }: Form = {}): EndpointBehavior {
  return {
    fault: ({ body }) => {
      const length = body.top_logprobs ?? body.logprobs;
      if (typeof length !== 'number' || length <= longest) return undefined;
      return { status: 400, body: '{"error":{"message":"Requested sample logprobs of more than allowed"}}' };
    },
    answer: ({ body, path }) => {
      if (body.logprobs === undefined) return undefined;
      const prompt = typeof body.prompt === 'string' ? body.prompt : '';
      const turns = (body.messages ?? []) as { role: string; content: string }[];
      const last = turns.at(-1);
      const begun = last?.role === 'assistant' ? last.content : (/:(.*)$/s.exec(prompt)?.[1] ?? '');
      const list = Object.entries(model(begun)).map(([token, p]) => ({ token, logprob: Math.log(p) }));
      const logprobs = table
        ? { top_logprobs: [Object.fromEntries(list.map(({ token, logprob }) => [token, logprob]))] }
        : { content: [{ top_logprobs: list }] };
      const choice = path.includes('chat') ? { message: { content: '' } } : { text: '' };
      const prompt_tokens = 5 + begun.length + (continues || begun === '' ? 0 : 3);
      return { choices: [{ ...choice, logprobs }], usage: { prompt_tokens, completion_tokens: 1 } };
    },
  };
}

describe('what comes next', () => {
  const next = ['1', '7', '8', '10'];
  const score = (model: RemoteModel, prompt: Prompt) => model.score([{ id: 'a', prompt, continuation: '', next }]);

  test.each([
    ['a list', {}],
    ['a table', { table: true }],
  ])('is read from %s, through tokens that are but a beginning', async (_, form) => {
    const { model, server } = await open(listing(spacedDigits, form));
    // "1" is what begins with it: the number 10 too.
    expect(probabilities(await score(model, { text: 'Grade:' }))).toEqual([[0.3, 0.2, 0.2, 0.27]]);
    expect(server.requests.map(promptOf)).toEqual(['Grade:', 'Grade: ', 'Grade: 1']);
  });

  test('is read of messages by beginning the answer', async () => {
    const { model, server } = await open(listing(spacedDigits), 'chat');
    expect(probabilities(await score(model, messages))).toEqual([[0.3, 0.2, 0.2, 0.27]]);
    expect(server.requests.at(-1)?.body).toMatchObject({
      messages: [
        { role: 'user', content: 'Grade it.' },
        { role: 'assistant', content: ' 1' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  test('is one request where every number is one token', async () => {
    const { model, server } = await open(listing(wholeNumbers, { continues: false }), 'chat');
    expect(probabilities(await score(model, messages))).toEqual([[0.5, 0, 0.3, 0.4]]);
    expect(server.requests).toHaveLength(1);
  });

  test('is asked for with the longest list that the server gives', async () => {
    const { model, server } = await open(listing(wholeNumbers, { longest: 20 }));
    await model.score([{ id: 'a', prompt: { text: 'Grade:' }, continuation: '', next: ['8'] }]);
    await model.score([{ id: 'b', prompt: { text: 'Grade:' }, continuation: '', next: ['8'] }]);
    expect(server.requests.map(({ body }) => body.logprobs)).toEqual([100, 20, 20]);
  });

  test.each<[string, EndpointBehavior]>([
    ['lists nothing', {}],
    ['refuses every list', listing(wholeNumbers, { longest: 0 })],
  ])('is an error where the server %s', async (_, behavior) => {
    const { model } = await open(behavior, 'chat');
    await expect(score(model, messages)).rejects.toMatchObject({ code: 'unsupported-model' });
    expect(await model.canScore('next')).toBe(false);
    expect(await possibleMethods(model)).toEqual(['sampled']);
  });

  test('fails where too much depends on what the server does not go on from', async () => {
    const { model } = await open(listing(spacedDigits, { continues: false }), 'chat');
    const [failed] = await score(model, messages);
    expect(failed).toMatchObject({ error: { message: expect.stringContaining('so 1 and 10 look alike') as string } });
    await expect(refuseImpossible('expected', model)).rejects.toMatchObject({ code: 'unsupported-model' });
    await refuseImpossible('sampled', model);
  });

  test('is asked for again where the text happened to end there', async () => {
    const listed = listing(wholeNumbers);
    const usage = { prompt_tokens: 5, completion_tokens: 1 };
    const ended = { choices: [{ text: '', logprobs: null }], usage };
    const answer: EndpointBehavior['answer'] = (request) => {
      const isEnd = promptOf(request) === 'ends:' || request.body.seed === 0;
      return request.body.logprobs !== undefined && isEnd ? ended : listed.answer?.(request);
    };
    const { model } = await open({ ...listed, answer });
    const request = { prompt: { text: 'Grade:' }, continuation: '', next: ['8'] };
    const results = await model.score([
      { ...request, id: 'a' },
      { ...request, id: 'b', prompt: { text: 'ends:' } },
    ]);
    expect(results).toMatchObject([
      { id: 'a', tokens: 0 },
      { id: 'b', error: { code: 'no-network' } },
    ]);
  });

  test('can be had of a server that lists', async () => {
    const { model, server } = await open(listing(spacedDigits), 'chat');
    expect(await possibleMethods(model)).toEqual(['expected', 'sampled']);
    const { length } = server.requests;
    await model.canScore('next');
    expect(server.requests).toHaveLength(length);
  });
});

/** As vLLM: /tokenize at the root for texts and messages, and log-probabilities of an echoed prompt. A character is a token;
 *  a conversation is <messages with / between>, an answer ends with "]" (93). log p of a token is minus its number in the
 *  prompt. */
function vllm({ chat = true, echo = true } = {}): EndpointBehavior {
  const tokens = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
  const template = (turns: { role: string; content: string }[]) =>
    turns.map(({ role, content }) => (role === 'assistant' ? `>${content}]` : `<${content}`)).join('');
  return {
    fault: ({ path, body }) => {
      if (path === '/v1/tokenize') return { status: 404 };
      return path === '/tokenize' && !chat && body.messages !== undefined ? { status: 422 } : undefined;
    },
    answer: ({ path, body }: ReceivedRequest) => {
      if (path === '/tokenize') {
        if (typeof body.prompt === 'string') return { tokens: tokens(body.prompt) };
        const text = template(body.messages as { role: string; content: string }[]);
        return { tokens: tokens(body.add_generation_prompt === true ? `${text}>` : text) };
      }
      if (body.echo !== true) return undefined;
      const prompt = body.prompt as number[];
      const token_logprobs = [null, ...prompt.slice(1).map((_, i) => -(i + 1)), -0.5];
      return { choices: [{ text: '', logprobs: echo ? { token_logprobs } : null }], usage: {} };
    },
  };
}

describe('continuations', () => {
  const request = { id: 'a', prompt: messages, continuation: 'ok' };

  test('are summed over their own tokens, with the end behind them', async () => {
    const { model, server } = await open(vllm(), 'chat');
    // "<Grade it.>" are tokens 0 to 10, "ok" 11 and 12, "]" 13.
    expect(await model.score([request])).toEqual([
      { id: 'a', logprob: -23, tokens: 2, endLogprob: -13, nextLogprobs: [] },
    ]);
    expect(server.requests.at(-1)?.body.prompt).toEqual(Array.from('<Grade it.>ok]', (one) => one.charCodeAt(0)));
    expect(await possibleMethods(model)).toEqual(['likelihood', 'sampled']);
  });

  test('of raw prompts can be had without a template, with no known end', async () => {
    const { model } = await open(vllm({ chat: false }));
    const [score] = await model.score([{ ...request, prompt: { text: 'abc' } }]);
    expect(score).toEqual({ id: 'a', logprob: -7, tokens: 2, endLogprob: NaN, nextLogprobs: [] });
    expect(await model.canScore('continuation')).toBe(false);
  });

  test.each<[string, EndpointBehavior]>([
    ['has no tokenizer', {}],
    ['echoes no log-probabilities', vllm({ echo: false })],
    ['tokenizes no messages', vllm({ chat: false })],
  ])('are an error where the server %s', async (_, behavior) => {
    const { model } = await open(behavior, 'chat');
    const expected = { code: 'unsupported-model', hint: expect.stringContaining('--method expected') as string };
    await expect(model.score([request])).rejects.toMatchObject(expected);
    expect(await model.canScore('continuation')).toBe(false);
  });

  test('are no matter of texts that come next', async () => {
    const { model } = await open(vllm());
    await expect(model.score([{ ...request, next: ['1'] }])).rejects.toMatchObject({ code: 'bad-input' });
  });

  test('are not said to be impossible because the server is down', async () => {
    const { model, server } = await open(vllm());
    (server as EndpointServer).close();
    await expect(model.canScore('continuation')).rejects.toMatchObject({ code: 'no-network' });
    await expect(model.canScore('next')).rejects.toMatchObject({ code: 'no-network' });
  });
});

test('without likelihood, auto takes the better grades and says that they are poor', () => {
  const accuracy = { n: 90, value: 0.5, low: 0.4, high: 0.6 };
  const kinds = { shuffled: accuracy, cut: accuracy, scrambled: accuracy, copied: accuracy };
  const better = { ...accuracy, value: 0.6 };
  const rows = [
    { method: 'expected' as const, kinds, overall: better, failed: 0 },
    { method: 'sampled' as const, kinds, overall: accuracy, failed: 0 },
  ];
  const choice = chooseMethod(rows);
  expect(choice).toMatchObject({ method: 'expected', why: expect.stringContaining('likelihood was not') as string });
});
