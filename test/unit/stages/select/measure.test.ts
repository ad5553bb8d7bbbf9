import { expect, test } from 'vitest';

import { selectSchema } from '../../../../src/config/schema.js';
import { vectorFromText, vectorToText } from '../../../../src/shared/vector-text.js';
import { measure, type MeasureChunk } from '../../../../src/stages/select/measure.js';
import type { LanguageModel } from '../../../../src/engine/engine.js';
import { FakeModel, promptText } from '../../../support/fake-model.js';

const pairs = [
  { id: 'a', instruction: 'Add these.', input: '2 and 3', response: 'It is 5' },
  { id: 'b', instruction: 'Say hello.', input: '', response: 'Hello' },
  { id: 'c', instruction: 'Be quiet.', input: '', response: ' ' },
];

async function chunksOf(model: LanguageModel, by: string, chunk = 10): Promise<MeasureChunk[]> {
  const chunks: MeasureChunk[] = [];
  const settings = selectSchema.parse({ by, chunk });
  for await (const one of measure({ pairs, settings, firstChunk: 0 }, model)) chunks.push(one);
  return chunks;
}

test('perplexity is that of the response alone and of all texts joined without anything between', async () => {
  // Three nats a token for a response, two for a pair.
  const model = new FakeModel({ read: ({ id }) => ({ logprob: id.endsWith('/pair') ? -14 : -21, tokens: 7 }) });
  const [chunk] = await chunksOf(model, 'perplexity');
  expect(model.scored[0]).toEqual([
    { id: 'a/response', prompt: { text: '' }, continuation: 'It is 5' },
    { id: 'a/pair', prompt: { text: '' }, continuation: 'Add these.2 and 3It is 5' },
    { id: 'b/response', prompt: { text: '' }, continuation: 'Hello' },
    { id: 'b/pair', prompt: { text: '' }, continuation: 'Say hello.Hello' },
  ]);
  const perplexity = { response: Math.exp(3), pair: Math.exp(2) };
  expect(chunk?.measurements).toEqual([
    { id: 'a', perplexity },
    { id: 'b', perplexity },
    { id: 'c', reason: 'empty-response' },
  ]);
  expect(model.embedded).toEqual([]);
});

test('a vector is that of the task alone', async () => {
  const model = new FakeModel({ place: ({ id }) => (id === 'a' ? [3, 4] : [0, 1]) });
  const [chunk] = await chunksOf(model, 'density');
  expect(model.embedded[0]?.map(promptText)).toEqual(['Add these. 2 and 3', 'Say hello.']);
  expect(model.scored).toEqual([]);
  const [a, b] = chunk?.measurements ?? [];
  const vector = vectorFromText((a as { vector: string }).vector);
  expect(vector[0]).toBeCloseTo(0.6, 2);
  expect(b).toEqual({ id: 'b', vector: vectorToText(Float32Array.of(0, 1)) });
});

test('both are measured for density and perplexity, in chunks, with progress in pairs', async () => {
  const model = new FakeModel();
  const done: number[] = [];
  const settings = selectSchema.parse({ by: 'density+perplexity', chunk: 2 });
  const input = {
    pairs,
    settings,
    firstChunk: 0,
    onProgress: (progress: { done: number }) => done.push(progress.done),
  };
  const found: string[][] = [];
  for await (const { index, measurements } of measure(input, model)) {
    found.push([String(index), ...measurements.map((one) => Object.keys(one).join())]);
  }
  expect(found).toEqual([
    ['0', 'id,perplexity,vector', 'id,perplexity,vector'],
    ['1', 'id,reason'],
  ]);
  expect(done.slice(0, 2)).toEqual([1, 2]);
});

test('a pair that the engine cannot compute has a reason', async () => {
  const model = new FakeModel({ fails: ({ id }) => id.startsWith('a') });
  expect((await chunksOf(model, 'density'))[0]?.measurements[0]).toEqual({ id: 'a', reason: 'request-failed' });
  const unlikely = new FakeModel({ read: () => ({ logprob: -Infinity }) });
  expect((await chunksOf(unlikely, 'perplexity'))[0]?.measurements[1]).toEqual({ id: 'b', reason: 'request-failed' });
});

test('a model that does not embed is refused', async () => {
  const model = new FakeModel();
  const remote: LanguageModel = {
    hasChatTemplate: true,
    generate: (requests, options) => model.generate(requests, options),
    score: (requests, options) => model.score(requests, options),
  };
  await expect(chunksOf(remote, 'density')).rejects.toMatchObject({ code: 'unsupported-model' });
});

test('vectors keep their range and three digits as text', () => {
  const vector = Float32Array.of(0, 1, -1, 0.1, 123.456, -1e-20, 3e30);
  const again = vectorFromText(vectorToText(vector));
  again.forEach((value, i) =>
    expect(Math.abs(value - (vector[i] ?? 0))).toBeLessThanOrEqual(Math.abs(vector[i] ?? 0) / 256),
  );
  expect(vectorToText(again)).toBe(vectorToText(vector));
  expect(vectorToText(vector).length).toBe(20);
});
