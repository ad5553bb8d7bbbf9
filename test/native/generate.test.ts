// What NativeRunner.generate promises.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { NativeModel, NativeRunner, NativeSampling } from '../../src/native/addon-types.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { createSmallRunner, greedy, loadRealModel, nothing, tokensOf } from '../support/native.js';

let model: NativeModel;
let runner: NativeRunner;

beforeAll(async () => {
  model = await loadRealModel();
  runner = await createSmallRunner(model);
});

afterAll(async () => {
  await model.dispose();
});

const ones: NativeSampling = { temperature: 1, topK: 0, topP: 0.95, minP: 0 };
const sampled = (texts: readonly string[]) =>
  texts.map((text, seed) => greedy(model, text, { sampling: ones, seed, maxTokens: 6 + seed }));

const prompts = ['The sun is', 'One, two,', 'My name is', 'Water', 'Once upon a time', 'def main():', 'Dear Sir'];

describe('results', () => {
  test('come in the order of the requests, and each is told once, as it finishes', async () => {
    const told: number[] = [];
    const completions = await runner.generate(sampled(prompts), (completion) => told.push(completion.index));
    expect(completions.map((completion) => completion.index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(told.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(completions.map((completion) => completion.tokens.length)).toEqual([6, 7, 8, 9, 10, 11, 12]);
  });

  test('are the same bits whatever ran before', async () => {
    const first = await runner.generate(sampled(prompts), nothing);
    await runner.generate([greedy(model, 'Something else, and longer than the others were')], nothing);
    expect(await runner.generate(sampled(prompts), nothing)).toEqual(first);
    const other = await createSmallRunner(model);
    expect(await other.generate(sampled(prompts), nothing)).toEqual(first);
    await other.dispose();
  });

  test('at temperature 0 depend on neither seed nor neighbours', async () => {
    const [alone] = await runner.generate([greedy(model, 'The sun is')], nothing);
    const among = await runner.generate(
      ['Water', 'The sun is', 'One, two,', 'The sun is'].map((text, seed) => greedy(model, text, { seed })),
      nothing,
    );
    expect(among.map((completion) => completion.text).filter((_, i) => i % 2 === 1)).toEqual([
      alone?.text,
      alone?.text,
    ]);
  });

  // ggml's products for AMX, by which this model computes there, are of batches only: texts depend on the batch, and calls
  // are composed the same way when they are made again.
  test.each([
    ['short prompts', [...prompts, 'It was', 'Red, green,', 'Good morning', 'Tea or', 'Five']],
    ['longer prompts', [3, 15, 16, 17, 18, 9, 40].map((n, i) => `${prompts[i]} ${'one and two, '.repeat(n)}`)],
  ])('of %s are the same bits whatever else is in the batch', async (_, texts) => {
    const requests = sampled(texts);
    const results: unknown[] = [];
    for (const sequences of [1, 5, 12]) {
      const shape = { sequences, sequenceTokens: 512, batchTokens: 512, sharePrefixes: false };
      const other = await createSmallRunner(model, shape);
      results.push((await other.generate(requests, nothing)).map(({ text, logprob }) => [text, logprob]));
      await other.dispose();
    }
    const exact = !loadAddon().systemInfo().features.includes('AMX');
    for (const result of results) expect(result).toEqual(exact ? results[0] : expect.any(Array));
  });

  test('differ with the seed at temperature 1', async () => {
    const texts = await runner.generate(
      [1, 2, 3, 4].map((seed) => greedy(model, 'Once upon a time', { sampling: ones, seed })),
      nothing,
    );
    expect(new Set(texts.map((completion) => completion.text)).size).toBeGreaterThan(2);
  });

  test('of no requests are none', async () => {
    expect(await runner.generate([], nothing)).toEqual([]);
  });

  test('with no tokens to generate are empty', async () => {
    const [completion] = await runner.generate([greedy(model, 'The sun is', { maxTokens: 0 })], nothing);
    expect(completion).toMatchObject({ text: '', stop: 'length', logprob: 0 });
    expect(completion?.tokens.length).toBe(0);
  });
});

test('tell log p of each token and of an end in its place', async () => {
  const request = greedy(model, 'The sun is', { maxTokens: 5 });
  const [completion] = await runner.generate([request], nothing);
  const { logprobs = [], endLogprobs = [], tokens = new Int32Array(), logprob = NaN } = completion ?? {};
  expect([logprobs.length, endLogprobs.length]).toEqual([tokens.length, tokens.length]);
  expect([...logprobs].reduce((sum, value) => sum + value, 0)).toBeCloseTo(logprob, 9);
  const next = Int32Array.from(model.info.endTokens);
  const context = request.tokens.length;
  const [score] = await runner.score([{ tokens: request.tokens, context, next }], nothing);
  const end = Math.log([...(score?.nextLogprobs ?? [])].reduce((sum, value) => sum + Math.exp(value), 0));
  expect(Math.abs(end - (endLogprobs[0] ?? NaN))).toBeLessThan(0.2);
});

describe('sampling settings', () => {
  const text = 'The capital of France is';
  const generate = async (sampling: Partial<NativeSampling>, seed = 7) => {
    const [completion] = await runner.generate(
      [greedy(model, text, { sampling: { ...ones, ...sampling }, seed })],
      nothing,
    );
    return completion?.text;
  };

  test('that leave one token give the greedy text', async () => {
    const [expected] = await runner.generate([greedy(model, text)], nothing);
    expect(await generate({ topK: 1 })).toBe(expected?.text);
    expect(await generate({ topP: 1e-6 })).toBe(expected?.text);
    expect(await generate({ minP: 1 })).toBe(expected?.text);
    expect(await generate({ temperature: 1e-3, topP: 1 })).toBe(expected?.text);
  });

  test('draw tokens as often as the model says', async () => {
    const n = 200;
    const requests = Array.from({ length: n }, (_, seed) =>
      greedy(model, text, { maxTokens: 1, seed, sampling: { ...ones, topK: 3, topP: 1 } }),
    );
    const completions = await runner.generate(requests, nothing);
    const counts = new Map<number, number>();
    for (const { tokens } of completions) counts.set(tokens[0] as number, (counts.get(tokens[0] as number) ?? 0) + 1);
    expect(counts.size).toBe(3);

    const next = Int32Array.from(counts.keys());
    const context = tokensOf(model, text);
    const [score] = await runner.score([{ tokens: context, context: context.length, next }], nothing);
    const weights = [...(score?.nextLogprobs ?? [])].map(Math.exp);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    [...counts.values()].forEach((count, i) => {
      const p = (weights[i] as number) / total;
      expect(Math.abs(count - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)) + 1);
    });
  });
});

describe('a completion ends', () => {
  test('before a stop string, also one that spans tokens', async () => {
    const [whole] = await runner.generate([greedy(model, 'One, two, three,', { maxTokens: 12 })], nothing);
    const text = whole?.text ?? '';
    const stop = text.slice(4, 9);
    const [cut] = await runner.generate(
      [greedy(model, 'One, two, three,', { maxTokens: 12, stop: ['zzz', stop] })],
      nothing,
    );
    expect(cut).toMatchObject({ text: text.slice(0, text.indexOf(stop)), stop: 'string' });
    expect(text.indexOf(stop)).toBeGreaterThan(0);
  });

  test('at the end token, which counts among its tokens and not in its text', async () => {
    const prompt = '<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\n';
    const [completion] = await runner.generate([greedy(model, prompt, { maxTokens: 60 })], nothing);
    expect(completion?.stop).toBe('end');
    expect(model.info.endTokens).toContain(completion?.tokens.at(-1));
    expect(completion?.text).not.toContain('<|im_end|>');
  });

  test('where its sequence is full', async () => {
    const tokens = tokensOf(model, 'a b c d '.repeat(70)).slice(0, 250);
    const [completion] = await runner.generate([greedy(model, '', { tokens, maxTokens: 100 })], nothing);
    expect(completion).toMatchObject({ stop: 'length' });
    expect(completion?.tokens.length).toBe(7);
  });

  test('within a character without that character', async () => {
    const prompt = 'Smileys: 😀 😃 😄 😁 😀 😃 😄 😁 😀 😃 😄';
    const requests = [1, 2, 3, 4, 5, 6, 7, 8].map((maxTokens) => greedy(model, prompt, { maxTokens }));
    for (const { text } of await runner.generate(requests, nothing)) {
      expect(text).not.toContain('\uFFFD');
    }
  });
});

test('equal beginnings are computed once and change nothing but the last bits', async () => {
  const facts =
    'Fact one: the sky is blue. Fact two: grass is green. Fact three: snow is white and coal is black. '.repeat(2);
  const requests = ['The sky', 'Grass', 'Snow', 'Coal', 'Fact four:'].map((end) => greedy(model, facts + end));
  const apart = await createSmallRunner(model, { sharePrefixes: false });
  const expected = await apart.generate(requests, nothing);
  const shared = await runner.generate(requests, nothing);
  expect(shared.map((completion) => completion.text)).toEqual(expected.map((completion) => completion.text));
  shared.forEach((completion, i) => {
    expect(Math.abs(completion.logprob - (expected[i]?.logprob ?? NaN))).toBeLessThan(0.05 * completion.tokens.length);
  });
  await apart.dispose();
});

test('a bad request is an error that names it, and the runner goes on', async () => {
  const good = greedy(model, 'The sun');
  const cases: [Partial<typeof good>, string][] = [
    [{ tokens: new Int32Array() }, 'request 1: the prompt has no tokens'],
    [{ tokens: Int32Array.of(1, 49152) }, 'request 1: token 1 is 49152, outside the vocabulary of 49152'],
    [{ tokens: Int32Array.of(-1) }, 'request 1: token 0 is -1, outside the vocabulary of 49152'],
    [{ tokens: new Int32Array(257) }, 'request 1: the prompt has 257 tokens and a sequence holds 256'],
  ];
  for (const [change, message] of cases) {
    await expect(runner.generate([good, { ...good, ...change }], nothing)).rejects.toMatchObject({
      code: 'bad-input',
      message,
    });
  }
  for (const bad of [
    { temperature: NaN },
    { temperature: -1 },
    { topP: 0 },
    { topP: NaN },
    { minP: 2 },
    { topK: -1 },
  ]) {
    const sampling = { ...ones, ...bad };
    await expect(runner.generate([{ ...good, sampling }], nothing)).rejects.toMatchObject({ code: 'bad-config' });
  }
  expect(await runner.generate([good], nothing)).toHaveLength(1);
});
