// The endpoint engine against llama.cpp's own server on loopback, on the model that the local engine runs beside it.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openEndpoint } from '../../src/engine/endpoint/open-endpoint.js';
import type { RemoteModel } from '../../src/engine/endpoint/remote-model.js';
import type { GenerateRequest, Prompt, ScoreRequest } from '../../src/engine/engine.js';
import { loadModel, type Model } from '../../src/engine/model.js';
import { assessPairs } from '../../src/stages/assess/assess.js';
import { possibleMethods, refuseImpossible } from '../../src/stages/assess/possible-methods.js';
import { runInChild } from '../support/kill-run.js';
import { type LlamaServer, startLlamaServer } from '../support/llama-server.js';
import { realModelPath } from '../support/models.js';
import { completed, scored } from '../support/results.js';
import { runFolder, shortRealConfig } from '../support/run-folder.js';

let server: LlamaServer;
let local: Model;

beforeAll(async () => {
  server = await startLlamaServer();
  local = await loadModel({ path: realModelPath(), device: 'cpu', threads: 1 });
});
afterAll(async () => {
  await local.dispose();
  await server.kill();
});

/** Works with the model behind the server, and closes it. */
async function withRemote<T>(work: (model: RemoteModel) => Promise<T>, prompts?: 'chat' | 'raw'): Promise<T> {
  const options = { baseUrl: server.baseUrl, retries: 1, firstPauseMs: 100, fallbackName: 'none' };
  const model = await openEndpoint(options, { ...options, ...(prompts && { prompts }) });
  try {
    return await work(model);
  } finally {
    await model.dispose();
  }
}

const user = (content: string): Prompt => ({ messages: [{ role: 'user', content }] });
const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0 };
const ask = (id: string, prompt: Prompt, more: Partial<GenerateRequest> = {}): GenerateRequest => {
  return { id, prompt, maxTokens: 12, stop: [], sampling: greedy, seed: 1, ...more };
};

test('the likeliest texts are those of the local engine, raw and by the chat template', async () => {
  const requests = [
    ask('raw', { text: 'The capital of Italy is' }),
    ask('list', { text: 'One, two, three,' }),
    ask('chat', user('What is 2 + 2?')),
    ask('stopped', { text: 'One, two, three,' }, { stop: ['six'] }),
    ask('short', user('Write a poem about the sea.'), { maxTokens: 2 }),
  ];
  const expected = completed(await local.generate(requests));
  const found = completed(await withRemote((model) => model.generate(requests)));
  // Batches and products round otherwise: none of these begins with a close race, but one may come further on.
  const start = (text: string) => text.trim().split(' ').slice(0, 4);
  expect(found.map(({ text }) => start(text))).toEqual(expected.map(({ text }) => start(text)));
  expect(found.map(({ id, stop, tokens }) => ({ id, stop, tokens }))).toMatchObject(
    expected.map(({ id, stop }) => ({ id, stop })),
  );
  expect(found.at(-1)).toMatchObject({ tokens: 2, stop: 'length' });
});

test('sampling is the same for the same seed, and another for another', async () => {
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const drawn = (seed: number) =>
    withRemote(async (model) => completed(await model.generate([ask('a', user('Tell a story.'), { sampling, seed })])));
  const [{ text } = { text: '' }] = await drawn(1);
  expect((await drawn(1))[0]?.text).toBe(text);
  expect((await drawn(2))[0]?.text).not.toBe(text);
});

test('what comes next has the probabilities of the local engine', async () => {
  const next = ['2', '3', '4', '5', '6', '7', '8', '9'];
  const requests: ScoreRequest[] = [
    { id: 'chat', prompt: user('Write a number from 1 to 10 and nothing else.'), continuation: '', next },
    { id: 'raw', prompt: { text: 'The number of days in a week: ' }, continuation: '', next },
  ];
  const expected = scored(await local.score(requests));
  const found = scored(await withRemote((model) => model.score(requests)));
  for (const [i, { nextLogprobs }] of found.entries()) {
    for (const [k, value] of nextLogprobs.entries()) {
      const known = Math.exp(expected[i]?.nextLogprobs[k] ?? NaN);
      expect(Math.abs(Math.exp(value) - known)).toBeLessThan(0.02);
    }
  }
});

test('10 is told from 1, although it is two tokens', async () => {
  const ten = (text: string): ScoreRequest => ({ id: text, prompt: { text }, continuation: '', next: ['1', '10'] });
  const requests = [ten('Count down: 12, 11,'), ten('Count: 8, 9,'), ten('Count: -1, 0,')];
  const found = scored(await withRemote((model) => model.score(requests)));
  const shares = found.map(({ nextLogprobs: [one = 0, both = 0] }) => Math.exp(both - one));
  expect(shares[0]).toBeGreaterThan(0.5);
  expect(shares[1]).toBeGreaterThan(0.5);
  expect(shares[2]).toBeLessThan(0.5);
});

test('pairs are judged by grades, and likelihood is refused', async () => {
  const pair = { id: 'a', instruction: 'Name a colour.', input: '', response: 'Blue is a colour.' };
  const settings = { criteria: 'combined' as const, repeats: 1 };
  await withRemote(async (model) => {
    expect(await possibleMethods(model)).toEqual(['expected', 'sampled']);
    await expect(refuseImpossible('likelihood', model)).rejects.toMatchObject({ code: 'unsupported-model' });
    const how = { iteration: 1, seed: 1, settings };
    const [sampled] = await assessPairs([pair], { ...how, method: 'sampled' }, model);
    expect(sampled).toMatchObject({ id: 'a', method: 'sampled' });
    const likelihood = assessPairs([pair], { ...how, method: 'likelihood' }, model);
    await expect(likelihood).rejects.toMatchObject({ code: 'unsupported-model' });
  });
});

test('a server that is killed in the middle ends the call, and a run goes on when it is back', async () => {
  const folder = runFolder();
  const modelPath = realModelPath();
  const config = {
    ...shortRealConfig(modelPath, folder),
    engine: 'openai' as const,
    baseUrl: server.baseUrl,
    iterations: 1,
  };
  const assess = { ...config.assess, method: 'sampled' as const };
  const select = { ...config.select, threshold: 0 };
  const run = { ...folder, modelPath, engine: 'remote' as const, config: { ...config, assess, select } };
  let killed: Promise<void> | undefined;
  const stopped = await runInChild(run, (event) => {
    if (event.kind === 'stage-started' && event.stage === 'respond') killed ??= server.kill();
    return false;
  });
  await killed;
  expect(stopped).toMatchObject({ exitCode: 1, error: { code: 'no-network' } });
  server = await startLlamaServer(new URL(server.baseUrl).host);
  const resumed = await runInChild(run);
  expect(resumed.events[0]).toMatchObject({ kind: 'run-started', continued: true });
  // Whether so small a model gives any grade that can be read is its own matter.
  expect(resumed.error?.code ?? 'nothing-usable').toBe('nothing-usable');
  const finished = resumed.events.flatMap((event) => (event.kind === 'stage-finished' ? [event.stage] : []));
  expect(finished.slice(0, 3)).toEqual(['respond', 'filter', 'assess']);
  folder.remove();
});
