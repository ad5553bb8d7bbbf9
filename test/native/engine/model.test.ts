// The façade over the real model: what reaches the runner, and what comes back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { countTokens, type GenerateRequest } from '../../../src/engine/engine.js';
import { loadModel, type Model } from '../../../src/engine/model.js';
import type { Completion } from '../../../src/shared/rows.js';
import { parseScore } from '../../../src/stages/assess/parse-score.js';
import { realModelPath } from '../../support/models.js';
import { loadRealModel } from '../../support/native.js';
import { completed, scored } from '../../support/results.js';

let model: Model;

beforeAll(async () => {
  model = await loadModel({ path: realModelPath(), device: 'cpu', threads: 1, batch: { parallel: 4 } });
});

afterAll(async () => {
  await model.dispose();
});

const user = (content: string) => [{ role: 'user' as const, content }];

function request(id: string, text: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
  return { id, prompt: { messages: user(text) }, maxTokens: 8, stop: [], sampling, seed: 1, ...more };
}

describe('a chat prompt', () => {
  const contents = [
    'Hello',
    '  spaced  ',
    'Zwei\n\nZeilen\n',
    '1. One\n2. Two: {"a": [1, 2]}',
    '世界 😀',
    "don't  stop",
    '',
  ];

  test('has the tokens of the whole rendered text where contents are ordinary', async () => {
    const native = await loadRealModel();
    const system = 'You are a helpful AI assistant named SmolLM, trained by Hugging Face';
    for (const content of contents) {
      const text = `<|im_start|>system\n${system}<|im_end|>\n<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`;
      expect(model.promptTokens({ messages: user(content) })).toEqual(native.tokenize([text], true)[0]);
    }
    await native.dispose();
  });

  test('yields no special token for the text of one in a content', () => {
    const tokens = [...model.promptTokens({ messages: user('a<|im_end|><|im_start|>b<|endoftext|>') })];
    const ordinary = [...model.promptTokens({ messages: user('ab') })];
    const specials = (list: readonly number[]) => list.filter((token) => token < 17);
    expect(specials(tokens)).toEqual(specials(ordinary));
    expect(tokens.length).toBeGreaterThan(ordinary.length);
  });

  test('and its response are what a trainer gets', () => {
    const { tokens, context } = model.exampleTokens({ messages: user('Say yes.'), response: 'Yes, I do.' });
    expect(tokens.slice(0, context)).toEqual(model.promptTokens({ messages: user('Say yes.') }));
    expect(tokens.slice(context, -1)).toEqual(model.promptTokens({ text: 'Yes, I do.' }));
    expect(tokens.at(-1)).toBe(2);
  });
});

describe('generate', () => {
  test('gives completions by the ids of their requests, and says how far it is', async () => {
    const progress: { done: number; tokens: number }[] = [];
    const requests = [request('b', 'Say hello.'), request('a', 'Count to three.', { maxTokens: 3 })];
    const completions = completed(await model.generate(requests, { onProgress: (state) => progress.push(state) }));
    expect(completions.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(completions[1]).toMatchObject({ tokens: 3, stop: 'length' });
    expect(progress.map(({ done }) => done)).toEqual([1, 2]);
    expect(progress[1]?.tokens).toBe((completions[0]?.tokens ?? 0) + 3);
  });

  test('tells each text as it is finished, by the place of its request', async () => {
    const told: [number, Completion][] = [];
    const long = request('x', '', { prompt: { text: 'word '.repeat(9000) } });
    const requests = [
      long,
      request('slow', 'Tell a story.', { maxTokens: 40 }),
      request('quick', 'Hi', { maxTokens: 1 }),
    ];
    const results = await model.generate(requests, {
      onCompletion: (completion, place) => told.push([place, completion]),
    });
    expect(told).toEqual([
      [2, results[2]],
      [1, results[1]],
    ]);
  });

  test('gives a chunk the same bits after chunks of other shapes', async () => {
    const chunk = ['One', 'Two', 'Three'].map((text, seed) =>
      request(text, text, { seed, sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0 } }),
    );
    const first = await model.generate(chunk);
    await model.generate([request('long', 'word '.repeat(300))]);
    expect(await model.generate(chunk)).toEqual(first);
  });

  test('serves calls in turn', async () => {
    const [a, b] = await Promise.all([model.generate([request('a', 'Hi')]), model.generate([request('b', 'Ho')])]);
    expect([a[0]?.id, b[0]?.id]).toEqual(['a', 'b']);
  });

  test('ends when its signal says so, and does not begin when it has', async () => {
    const interrupted = { code: 'interrupted', exitCode: 130 };
    const controller = new AbortController();
    const call = model.generate([request('a', 'Tell a long story.', { maxTokens: 2000 })], {
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 300);
    await expect(call).rejects.toMatchObject(interrupted);
    await expect(model.generate([request('a', 'Hi')], { signal: controller.signal })).rejects.toMatchObject(
      interrupted,
    );
  });

  test('fails a prompt that is longer than the model was trained on by itself, and the others go on', async () => {
    const long = request('x', '', { prompt: { text: 'word '.repeat(9000) } });
    const [one, failed, two] = await model.generate([request('a', 'Hi'), long, request('b', 'Ho')]);
    expect(failed).toEqual({
      id: 'x',
      error: {
        code: 'bad-input',
        message: expect.stringMatching(/^request x has \d+ tokens and the model was trained on 8192$/) as string,
      },
    });
    expect([one, two]).toEqual(await model.generate([request('a', 'Hi'), request('b', 'Ho')]));
    expect(await model.generate([long])).toEqual([failed]);
  });
});

describe('what is recorded while a text is written', () => {
  const sampling = { temperature: 1, topK: 0, topP: 0.9, minP: 0.05 };
  const tasks = ['Name a colour.', 'Say hello.', 'What is 2 + 2?', 'Name two fruits.', 'Is water wet? Answer briefly.'];

  test('agrees with scoring the text afterwards, white space around it left out', async () => {
    const requests = tasks.map((text, seed) => request(text, text, { maxTokens: 60, sampling, seed }));
    const completions = completed(await model.generate(requests));
    const known = completions.filter(({ written }) => written !== undefined);
    expect(known.length).toBeGreaterThan(2);
    for (const { id, text, written } of known) {
      const scores = await model.score([{ id, prompt: { messages: user(id) }, continuation: text.trim() }]);
      const score = scored(scores)[0];
      expect(written?.tokens).toBe(score?.tokens);
      expect(Math.abs((written?.logprob ?? NaN) - (score?.logprob ?? NaN)) / (score?.tokens ?? 1)).toBeLessThan(0.05);
      if (typeof written?.end === 'number')
        expect(Math.abs(written.end - (score?.endLogprob ?? NaN))).toBeLessThan(0.5);
    }
    expect(known.some(({ written }) => typeof written?.end === 'number')).toBe(true);
  });

  test('has no end where the text was cut off, and an end where a stop string follows it', async () => {
    const cut = request('a', 'Tell a long story.', { maxTokens: 5 });
    const stopped = request('b', 'Tell a long story.', { maxTokens: 40, stop: [' '] });
    const [first, second] = completed(await model.generate([cut, stopped]));
    expect(first).toMatchObject({ stop: 'length', written: { end: null } });
    expect(second?.stop).toBe('string');
    expect(second?.written?.end).toBeLessThan(-1);
  });
});

test('a text that goes round in circles ends where it began to, on request', async () => {
  const prompt = { text: 'one two three four one two three four one two three four' };
  const whole = { ...request('a', ''), prompt, maxTokens: 60 };
  const [without, never, at8] = completed(
    await model.generate([
      whole,
      { ...whole, id: 'b', stopAtRepetition: 0 },
      { ...whole, id: 'c', stopAtRepetition: 8 },
    ]),
  );
  expect(without).toMatchObject({ stop: 'length', tokens: 60 });
  expect(never).toMatchObject({ text: without?.text, stop: 'length' });
  expect(at8?.stop).toBe('repetition');
  expect(without?.text.startsWith(at8?.text ?? '?')).toBe(true);
  // Four words again and again: eight of them stood before at the twelfth or soon after, and never at the eighth.
  expect(at8?.tokens).toBeGreaterThan(8);
  expect(at8?.tokens).toBeLessThan(30);
});

test('a text of which only the number is wanted ends with it, and begins as it would have gone on', async () => {
  const sampling = { temperature: 1, topK: 0, topP: 0.95, minP: 0 };
  const asked = 'Grade the sentence "The sky is blue." from 1 to 10. Write only the number.';
  const requests = Array.from({ length: 12 }, (_, seed) => request(String(seed), asked, { seed, sampling }));
  const whole = completed(await model.generate(requests));
  const short = completed(await model.generate(requests.map((one) => ({ ...one, untilNumber: true }))));
  short.forEach(({ text, tokens }, i) => {
    expect(whole[i]?.text.startsWith(text)).toBe(true);
    expect(tokens).toBeLessThanOrEqual(whole[i]?.tokens ?? 0);
    expect(parseScore(text)).toEqual(expect.objectContaining(numberOf(parseScore(whole[i]?.text ?? ''))));
  });
  expect(countTokens(short)).toBeLessThan(0.7 * countTokens(whole));
});

/** Without what was found where there is no number: of that, a shorter text shows less. */
function numberOf(parsed: ReturnType<typeof parseScore>): object {
  return 'score' in parsed ? parsed : { reason: parsed.reason };
}

test("writes a user's turn, by a template of its own, up to where the template ends it", async () => {
  const opening = model.promptTokens({ turn: 'user' });
  const asked = model.promptTokens({ messages: [{ role: 'user', content: 'Why is the sky blue?' }] });
  expect(opening).toEqual(asked.slice(0, opening.length));
  expect(opening.length).toBeLessThan(asked.length - 6);
  const begun = model.promptTokens({ turn: 'user', begins: 'Why is' });
  expect(begun).toEqual(asked.slice(0, begun.length));
  expect(begun.length).toBeGreaterThan(opening.length);
  const turns = Array.from({ length: 4 }, (_, seed) => ({
    ...request(`t${seed}`, '', { seed, maxTokens: 200, sampling: { temperature: 1, topK: 0, topP: 1, minP: 0.1 } }),
    prompt: { turn: 'user' } as const,
  }));
  const written = completed(await model.generate(turns));
  expect(written.some(({ stop }) => stop === 'end')).toBe(true);
  expect(new Set(written.map(({ text }) => text)).size).toBe(4);
  expect(model.writesUserTurns).toBe(true);
  const options = { path: realModelPath(), device: 'cpu', vocabularyOnly: true };
  const given = await loadModel({ ...options, chatTemplate: 'plain' });
  expect([given.hasChatTemplate, given.writesUserTurns]).toEqual([true, false]);
  await given.dispose();
});

test('a request whose cache has no room fails by itself', async () => {
  const batch = { cacheBytes: 512 * model.info.cacheBytesPerToken };
  const small = await loadModel({ path: realModelPath(), device: 'cpu', threads: 1, batch });
  const [long, short] = await small.generate([request('l', 'Hi', { maxTokens: 2000 }), request('s', 'Hi')]);
  expect(long).toMatchObject({ id: 'l', error: { code: 'not-enough-memory' } });
  expect(short).toMatchObject({ id: 's', stop: expect.any(String) as string });
  await small.dispose();
});

describe('score', () => {
  test('gives the continuation, its end and the wanted next tokens', async () => {
    const prompt = { messages: user('What is the capital of France? Answer in one word.') };
    const [right, wrong] = scored(
      await model.score([
        { id: 'r', prompt, continuation: 'Paris', next: ['.', ' banana'] },
        { id: 'w', prompt, continuation: 'Purple' },
      ]),
    );
    expect(right).toMatchObject({ id: 'r', tokens: 1 });
    expect(right?.logprob).toBeGreaterThan(wrong?.logprob ?? 0);
    expect(right?.nextLogprobs[0]).toBeGreaterThan(right?.nextLogprobs[1] ?? 0);
    expect(Math.exp(right?.endLogprob ?? 0) + Math.exp(right?.nextLogprobs[0] ?? 0)).toBeLessThan(1);
  });

  test('takes an empty continuation and an empty prompt', async () => {
    const [score] = await model.score([{ id: 'e', prompt: { text: '' }, continuation: '' }]);
    expect(score).toMatchObject({ id: 'e', logprob: 0, tokens: 0, nextLogprobs: [] });
  });

  test('tells next texts of several tokens in one pass: the numbers, behind a space or not', async () => {
    const numbers = Array.from({ length: 19 }, (_, i) => String(i + 1));
    for (const text of ['2, 4, 6, 8,', 'A dozen has', 'Count:\n8\n9\n']) {
      const prompt = { text };
      const space = text.endsWith('\n') ? '' : ' ';
      const [whole, ...apart] = scored(
        await model.score([
          { id: 'all', prompt, continuation: '', next: numbers },
          ...numbers.map((number) => ({ id: number, prompt, continuation: `${space}${number}` })),
        ]),
      );
      numbers.forEach((_, i) => {
        const alone = Math.exp(apart[i]?.logprob ?? NaN);
        // The other way to write it counts too, so it may be a little more.
        expect(Math.exp(whole?.nextLogprobs[i] ?? NaN) - alone).toBeGreaterThan(-0.05 * alone - 1e-4);
        expect(Math.exp(whole?.nextLogprobs[i] ?? NaN) - alone).toBeLessThan(0.05 * alone + 0.02);
      });
    }
  });

  test('fails next texts that need two passes, and a text that is too long, by themselves', async () => {
    const prompt = { text: 'a' };
    const results = await model.score([
      { id: 'n', prompt, continuation: 'b', next: ['two words', 'other words'] },
      { id: 'l', prompt, continuation: 'word '.repeat(9000) },
      { id: 'g', prompt, continuation: 'b' },
    ]);
    expect(results[0]).toEqual({
      id: 'n',
      error: { code: 'bad-input', message: expect.stringMatching(/ cannot be read in one pass$/) as string },
    });
    expect(results[1]).toMatchObject({ id: 'l', error: { code: 'bad-input' } });
    expect(results[2]).toMatchObject({ id: 'g', tokens: 1 });
  });
});

test('an adapter that cannot be loaded leaves things as they were', async () => {
  const before = await model.generate([request('a', 'Hi')]);
  await expect(model.setAdapter('/nowhere/adapter.gguf')).rejects.toMatchObject({ code: 'model-not-found' });
  await model.setAdapter(null);
  expect(await model.generate([request('a', 'Hi')])).toEqual(before);
});

test('a disposed model says so', async () => {
  const other = await loadModel({ path: realModelPath(), device: 'cpu', vocabularyOnly: true });
  expect(other.hasChatTemplate).toBe(true);
  await other.dispose();
  await other.dispose();
  await expect(other.generate([])).rejects.toMatchObject({ code: 'bad-config', message: 'the model is disposed' });
});
