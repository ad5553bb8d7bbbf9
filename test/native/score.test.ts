// What NativeRunner.score promises.
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { NativeModel, NativeRunner, NativeScoreRequest } from '../../src/native/addon-types.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { realModelPath } from '../support/models.js';
import { createSmallRunner, greedy, hasPackedProducts, loadRealModel, nothing, tokensOf } from '../support/native.js';

let model: NativeModel;
let runner: NativeRunner;

beforeAll(async () => {
  model = await loadRealModel();
  runner = await createSmallRunner(model);
});

afterAll(async () => {
  await model.dispose();
});

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

function continuation(prompt: string, text: string, next: readonly number[] = []): NativeScoreRequest {
  const context = tokensOf(model, prompt);
  return {
    tokens: Int32Array.of(...context, ...tokensOf(model, text)),
    context: context.length,
    next: Int32Array.from(next),
  };
}

test('probabilities over the whole vocabulary sum to 1', async () => {
  const everything = Array.from({ length: model.info.vocabularySize }, (_, token) => token);
  const [score] = await runner.score([continuation('The sky is', '', everything)], nothing);
  expect(score?.logprobs).toHaveLength(0);
  expect(sum([...(score?.nextLogprobs ?? [])].map(Math.exp))).toBeCloseTo(1, 5);
});

const longTexts = { sequenceTokens: 512, batchTokens: 512, microBatchTokens: 512 };

// PyTorch in float32 on the dequantized weights (test/support/write-scores.ts). ggml's products round activations to 8 bits,
// which moves single texts by 0.02 nats a token (rms), with hardly a direction; the micro-kernel's round to BF16: 0.004.
test.each([
  { products: 'packed', texts: 40, packedBytes: 1e9, within: hasPackedProducts() ? 0.002 : 0.01 },
  { products: 'ggml', texts: 6, packedBytes: 0, within: 0.02 },
])('real text has the log-probability that PyTorch gives it, by $products products', async (of) => {
  const file = new URL('./oracles/scores-smollm2.json', import.meta.url);
  const all = JSON.parse(readFileSync(file, 'utf8')) as { tokens: number[]; context: number; logprob: number }[];
  const rows = all.slice(0, of.texts);
  const { packedBytes } = of;
  const scorer = await loadAddon().loadModel({
    path: realModelPath(),
    device: 'cpu',
    vocabularyOnly: false,
    packedBytes,
  });
  const wide = await createSmallRunner(scorer, longTexts);
  const scores = await wide.score(
    rows.map(({ tokens, context }) => ({ tokens: Int32Array.from(tokens), context, next: new Int32Array() })),
    nothing,
  );
  const differences = rows.map(({ logprob }, i) => sum(scores[i]?.logprobs ?? []) - logprob);
  const counts = rows.map(({ tokens, context }) => tokens.length - context);
  expect(Math.abs(sum(differences) / sum(counts))).toBeLessThan(of.within);
  const squares = differences.map((difference, i) => (difference / (counts[i] ?? NaN)) ** 2);
  expect(Math.sqrt(sum(squares) / rows.length)).toBeLessThan(5 * of.within);
  await scorer.dispose();
});

test('a greedy completion scores what generation reported', async () => {
  const request = greedy(model, 'Once upon a time, there was a', { maxTokens: 12 });
  const [completion] = await runner.generate([request], nothing);
  const tokens = Int32Array.of(...request.tokens, ...(completion?.tokens ?? []));
  const [score] = await runner.score([{ tokens, context: request.tokens.length, next: new Int32Array() }], nothing);
  expect(Math.abs(sum(score?.logprobs ?? []) - (completion?.logprob ?? NaN))).toBeLessThan(0.5);
});

test('a chain of next-token probabilities is the probability of the continuation', async () => {
  const request = continuation('The sky is', ' blue and clear');
  const steps = Array.from({ length: request.tokens.length - request.context }, (_, i) => {
    const context = request.context + i;
    return { tokens: request.tokens.slice(0, context), context, next: request.tokens.slice(context, context + 1) };
  });
  const [whole, ...parts] = await runner.score([request, ...steps], nothing);
  const chain = parts.map((part) => part.nextLogprobs[0] ?? NaN);
  expect(Math.abs(sum(whole?.logprobs ?? []) - sum(chain))).toBeLessThan(0.1 * chain.length);
});

test('next tokens are told at several places in one pass', async () => {
  const context = tokensOf(model, 'One, two,');
  const walk = tokensOf(model, ' three, four');
  const next = Int32Array.of(...walk, 5);
  const request = { tokens: Int32Array.of(...context, ...walk), context: context.length, next, places: 3 };
  const steps = [2, 1, 0].map((before) => {
    const tokens = request.tokens.slice(0, request.tokens.length - before);
    return { tokens, context: tokens.length, next };
  });
  const [all, ...apart] = await runner.score([request, ...steps], nothing);
  expect(all?.nextLogprobs).toHaveLength(3 * next.length);
  apart.forEach((score, place) => {
    score.nextLogprobs.forEach((value, k) => {
      expect(Math.abs(value - (all?.nextLogprobs[place * next.length + k] ?? NaN))).toBeLessThan(0.3);
    });
  });
});

test('what is likely scores higher than what is not', async () => {
  const [likely, unlikely] = await runner.score(
    [continuation('The capital of France is', ' Paris'), continuation('The capital of France is', ' banana')],
    nothing,
  );
  expect(sum(likely?.logprobs ?? [])).toBeGreaterThan(sum(unlikely?.logprobs ?? []) + 3);
});

test('many requests come back in order, with progress, and the same bits again', async () => {
  const requests = Array.from({ length: 12 }, (_, i) =>
    continuation(`Number ${i}: `, ' word'.repeat((i * 7) % 16), [0, 2]),
  );
  const progress: number[] = [];
  const scores = await runner.score(requests, (done) => progress.push(done));
  expect(scores.map((score) => score.logprobs.length)).toEqual(requests.map((r) => r.tokens.length - r.context));
  expect(progress).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(await runner.score(requests, nothing)).toEqual(scores);
});

// So a run may go on with other threads than it began with. Decoding one token over more than 512 of the cache is a path of its
// own in ggml's attention.
test.each([{ packedBytes: 1e9 }, { packedBytes: 0 }])(
  'threads change no bit of a score or of a completion ($packedBytes bytes of copied weights)',
  async ({ packedBytes }) => {
    const path = realModelPath();
    const one = await loadAddon().loadModel({ path, device: 'cpu', vocabularyOnly: false, packedBytes });
    const long = greedy(one, 'One word after another. '.repeat(110), { maxTokens: 2 });
    expect(long.tokens.length).toBeGreaterThan(512);
    const short = continuation('The sky is', ' blue and clear', [0, 2]);
    const results = async (threads: number) => {
      const on = await createSmallRunner(one, { sequenceTokens: 640, threads });
      return [await on.score([short], nothing), await on.generate([long], nothing)];
    };
    expect(await results(2)).toEqual(await results(1));
    await one.dispose();
  },
);

test('more positions than rows of logits fit into a step are scored all the same', async () => {
  // 4 rows at most: as many as sequences, with a batch of 4 tokens.
  const narrow = await createSmallRunner(model, { sequences: 2, batchTokens: 4, microBatchTokens: 4 });
  const requests = [continuation('The', ' sky is blue and the grass is green'), continuation('A', ' dog')];
  const [a, b] = await narrow.score(requests, nothing);
  const [c, d] = await runner.score(requests, nothing);
  expect(Math.abs(sum(a?.logprobs ?? []) - sum(c?.logprobs ?? []))).toBeLessThan(0.5);
  expect(Math.abs(sum(b?.logprobs ?? []) - sum(d?.logprobs ?? []))).toBeLessThan(0.1);
  await narrow.dispose();
});

test('equal contexts are computed once and change little', async () => {
  const facts = 'Fact one: the sky is blue. Fact two: grass is green. Fact three: snow is white. '.repeat(2);
  const requests = [' Yes', ' No', ' Maybe, but nobody knows'].map((text) => continuation(facts, text));
  const apart = await createSmallRunner(model, { sharePrefixes: false });
  const expected = (await apart.score(requests, nothing)).map((score) => sum(score.logprobs));
  const shared = (await runner.score(requests, nothing)).map((score) => sum(score.logprobs));
  shared.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(0.1 * (requests[i]?.tokens.length ?? 0));
  });
  await apart.dispose();
});

test('a bad request is an error that names it', async () => {
  const good = continuation('The', ' sky');
  const cases: [Partial<NativeScoreRequest>, string][] = [
    [{ context: 0 }, 'request 1: the context must have at least 1 token and at most all 2; it has 0'],
    [{ context: 3 }, 'request 1: the context must have at least 1 token and at most all 2; it has 3'],
    [{ tokens: Int32Array.of(5, 50000) }, 'request 1: token 1 is 50000, outside the vocabulary of 49152'],
    [{ next: Int32Array.of(-2) }, 'request 1, next: token 0 is -2, outside the vocabulary of 49152'],
    [{ places: 0 }, 'request 1: next is wanted at 1 to 2 places, not at 0'],
    [{ places: 3 }, 'request 1: next is wanted at 1 to 2 places, not at 3'],
    [{ tokens: new Int32Array(300) }, 'request 1: it has 300 tokens and a sequence holds 256'],
  ];
  for (const [change, message] of cases) {
    await expect(runner.score([good, { ...good, ...change }], nothing)).rejects.toMatchObject({
      code: 'bad-input',
      message,
    });
  }
});
