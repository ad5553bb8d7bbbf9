import { afterEach, expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { type CallProgress, type GenerateRequest, isFailed } from '../../../src/engine/engine.js';
import { CachedModel } from '../../../src/pipeline/cached-model.js';
import { cacheName, EvaluationCache } from '../../../src/store/evaluation-cache.js';
import { FakeModel } from '../../support/fake-model.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const open: EvaluationCache[] = [];
function cacheIn(folder: string): EvaluationCache {
  const cache = EvaluationCache.open(folder);
  open.push(cache);
  return cache;
}
afterEach(() => {
  for (const cache of open.splice(0)) cache.close();
});

function request(id: string, text: string): GenerateRequest {
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
  return { id, prompt: { text }, maxTokens: 8, stop: [], sampling, seed: 1 };
}

it('asks nothing twice, in any process, whatever the id, and keeps the order', async () => {
  const folder = temporaryFolder();
  const first = new FakeModel({ write: ({ prompt }) => `to ${JSON.stringify(prompt)}` });
  const a = new CachedModel(first, cacheIn(folder), 'model a');
  const before = await a.generate([request('1', 'x'), request('2', 'y')]);
  const second = new FakeModel({ write: () => 'another' });
  const b = new CachedModel(second, cacheIn(folder), 'model a');
  const after = await b.generate([request('3', 'z'), request('4', 'y'), request('5', 'x')]);
  expect(second.generated.flat().map(({ id }) => id)).toEqual(['3']);
  expect(after.map(({ id }) => id)).toEqual(['3', '4', '5']);
  expect(after[1]).toEqual({ ...before[1], id: '4' });
  expect(after[2]).toEqual({ ...before[0], id: '5' });
  expect(b.remembered).toBe(2);
});

it('asks again for another model, other settings or another kind of request', async () => {
  const folder = temporaryFolder();
  const model = new FakeModel();
  await new CachedModel(model, cacheIn(folder), 'base').generate([request('1', 'x')]);
  await new CachedModel(model, cacheIn(folder), 'base with an adapter').generate([request('1', 'x')]);
  await new CachedModel(model, cacheIn(folder), 'base').generate([{ ...request('1', 'x'), maxTokens: 9 }]);
  await new CachedModel(model, cacheIn(folder), 'base').score([{ id: '1', prompt: { text: 'x' }, continuation: '' }]);
  expect(model.generated.length).toBe(3);
  expect(model.scored.length).toBe(1);
});

it('asks all anew where it is to be fresh, and remembers that instead', async () => {
  const folder = temporaryFolder();
  const answer = async (text: string, options = {}) => {
    const model = new FakeModel({ write: () => text });
    const [made] = await new CachedModel(model, cacheIn(folder), 'base', options).generate([request('1', 'x')]);
    return made;
  };
  expect(await answer('old')).toMatchObject({ text: 'old' });
  expect(await answer('new', { isFresh: true })).toMatchObject({ text: 'new' });
  expect(await answer('never asked for')).toMatchObject({ text: 'new' });
});

it('remembers a text as soon as it is finished, whatever becomes of its call', async () => {
  const folder = temporaryFolder();
  const stop = new AbortController();
  const written: string[] = [];
  const model = new FakeModel({
    write: ({ id }) => {
      written.push(id);
      if (id === 'third') stop.abort();
      return `by ${id}`;
    },
    fails: ({ id }) => id === 'first',
  });
  const requests = ['first', 'second', 'third', 'fourth'].map((id) => request(id, id));
  const call = new CachedModel(model, cacheIn(folder), 'base').generate(requests, { signal: stop.signal });
  await expect(call).rejects.toMatchObject({ code: 'interrupted' });
  const progress: CallProgress[] = [];
  const after = new CachedModel(model, cacheIn(folder), 'base');
  const answers = await after.generate(requests, { onProgress: (state) => progress.push(state) });
  expect(written).toEqual(['second', 'third', 'fourth']);
  expect(answers.map((answer) => (isFailed(answer) ? 'failed' : answer.text))).toEqual([
    'failed',
    'by second',
    'by third',
    'by fourth',
  ]);
  expect(after.remembered).toBe(2);
  expect(progress).toEqual([
    { done: 2, tokens: 0, remembered: 2 },
    { done: 4, tokens: 0, remembered: 2 },
  ]);
});

it('does not remember what failed, and keeps log-probabilities that are no finite numbers', async () => {
  const folder = temporaryFolder();
  let isDown = true;
  const model = new FakeModel({
    fails: ({ id }) => isDown && id === 'fails',
    read: () => ({ endLogprob: NaN, nextLogprobs: [-Infinity, -0.25] }),
  });
  const cached = new CachedModel(model, cacheIn(folder), 'base');
  const requests = ['fails', 'works'].map((id) => ({ id, prompt: { text: id }, continuation: 'c', next: ['a', 'b'] }));
  expect((await cached.score(requests))[0]).toHaveProperty('error');
  isDown = false;
  const again = await cached.score(requests);
  expect(model.scored.at(-1)?.map(({ id }) => id)).toEqual(['fails']);
  expect(again[1]).toMatchObject({ endLogprob: NaN, nextLogprobs: [-Infinity, -0.25] });
});

it('begins anew where the file is damaged', () => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, cacheName), 'not a database at all, but long enough to be read as one'.repeat(40));
  const cache = cacheIn(folder);
  cache.put(new Map([['key', 'value']]));
  expect(cache.get(['key'])).toEqual(new Map([['key', 'value']]));
});

it('says what to do where nothing can be kept', () => {
  const file = path.join(temporaryFolder(), 'caches');
  writeFileSync(file, '');
  expect(() => EvaluationCache.open(path.join(file, 'isheep'))).toThrow(`${file} is a file, not a folder`);
});
