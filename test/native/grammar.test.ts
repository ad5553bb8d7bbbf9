// Generation under a grammar, and stop texts that name control tokens, on the real model.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { GenerateRequest } from '../../src/engine/engine.js';
import { loadModel, type Model } from '../../src/engine/model.js';
import { taskListGrammar } from '../../src/stages/synthesize/grammar.js';
import { loadSeeds } from '../../src/shared/load-seeds.js';
import { parseTasks } from '../../src/stages/synthesize/parse-tasks.js';
import { metaPrompt } from '../../src/stages/synthesize/prompts.js';
import { realModelPath } from '../support/models.js';
import { completed } from '../support/results.js';

let model: Model;

beforeAll(async () => {
  model = await loadModel({ path: realModelPath(), device: 'cpu', threads: 1, batch: { parallel: 4 } });
});

afterAll(async () => {
  await model.dispose();
});

function request(id: string, text: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
  return { id, prompt: { text }, maxTokens: 12, stop: [], sampling, seed: 1, ...more };
}

const sampled = { temperature: 1, topK: 0, topP: 0.95, minP: 0 };
const grade = 'root ::= "10" | [1-9]';

describe('a grammar', () => {
  test('holds whatever the sampling, and its text ends by itself', async () => {
    const requests = [
      sampled,
      { ...sampled, topK: 5 },
      { ...sampled, minP: 0.2 },
      { ...sampled, temperature: 0 },
    ].flatMap((sampling, i) =>
      [1, 2, 3, 4].map((seed) => request(`${i}-${seed}`, 'The sky is', { grammar: grade, sampling, seed })),
    );
    for (const { text, stop, logprob } of completed(await model.generate(requests))) {
      expect(text).toMatch(/^(10|[1-9])$/);
      expect(stop).toBe('end');
      expect(logprob).toBeLessThan(-1); // the model's own: it wanted to write something else
    }
  });

  test('gives the same text again, and changes nothing where the model keeps to it anyway', async () => {
    const requests = [1, 2, 3].map((seed) =>
      request(String(seed), 'One, two,', { grammar: 'root ::= [a-z ]+', sampling: sampled, seed }),
    );
    const first = await model.generate(requests);
    expect(await model.generate(requests)).toEqual(first);
    const [free, kept] = completed(
      await model.generate([request('a', 'One, two,'), request('a', 'One, two,', { grammar: 'root ::= .*' })]),
    );
    expect(kept).toEqual(free);
  });

  test('that cannot be used fails its request, by id, and the others go on', async () => {
    const [good, bad] = await model.generate([
      request('a', 'x', { grammar: grade }),
      request('b', 'x', { grammar: 'root ::= "a" | root "b"' }),
    ]);
    expect(good).toMatchObject({ id: 'a', stop: 'end' });
    expect(bad).toEqual({
      id: 'b',
      error: {
        code: 'bad-input',
        message: 'request b: the rule root of the grammar can begin with itself (left recursion)',
      },
    });
    const [unread] = await model.generate([request('c', 'x', { grammar: 'root ::= "a"{3,2}' })]);
    expect(unread).toMatchObject({ error: { message: expect.stringContaining('line 1 of the grammar') as string } });
  });

  test.each([
    ['tasks', false, undefined],
    ['tasks with outputs', true, undefined],
    ['tasks with topics', false, { shown: ['one thing', 'another'], wanted: 'bees' }],
  ])('of a list of %s makes texts that the parser reads to the end', async (_, showOutputs, topics) => {
    const settings = { maxTasks: 3, showOutputs };
    const shape = { hasOutputs: showOutputs, hasTopics: topics !== undefined };
    for (const form of ['raw', 'chat'] as const) {
      const shown = loadSeeds().slice(0, 2);
      const { prompt, opening, firstNumber, stop } = metaPrompt(shown, { ...settings, form }, topics);
      const grammar = taskListGrammar(opening, firstNumber, settings, shape.hasTopics);
      const requests = [1, 2].map((seed) =>
        request(String(seed), '', { prompt, grammar, stop, sampling: sampled, seed, maxTokens: 80 }),
      );
      for (const { text, stop: ended } of completed(await model.generate(requests))) {
        const { tasks, unparsed } = parseTasks(opening + text, { ...shape, complete: ended !== 'length' });
        // Where outputs are shown, a text that is cut within one ends with a whole task.
        if (!showOutputs) expect(unparsed).toEqual(ended === 'length' ? ['unfinished'] : []);
        expect(unparsed.filter((reason) => reason !== 'unfinished')).toEqual([]);
        expect(tasks.map(({ number }) => number)).toEqual([3, 4, 5].slice(0, tasks.length));
      }
    }
  });
});

describe('a stop text', () => {
  const turn = '<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\nYes.';

  test('that names a control token ends the text there; an end token stays an end', async () => {
    const prompt = { text: '<|im_start|>user\nHi<|im_end|>\n' };
    const [free, stopped] = completed(
      await model.generate([
        request('a', '', { prompt, maxTokens: 3 }),
        request('b', '', { prompt, maxTokens: 3, stop: ['<|im_start|>'] }),
      ]),
    );
    expect(free).toMatchObject({ stop: 'length', tokens: 3 });
    expect(stopped).toMatchObject({ text: '', stop: 'string', tokens: 1 });
    const [ended] = completed(await model.generate([request('c', turn, { stop: ['<|im_end|>'] })]));
    expect(ended?.stop).toBe('end');
  });

  test('that can never match fails its request, by id, and the others go on', async () => {
    const [bad, good] = await model.generate([request('s', 'a', { stop: ['.', 'x\uD83D'] }), request('g', 'a')]);
    expect(bad).toMatchObject({ id: 's', error: { code: 'bad-input' } });
    expect(bad).toMatchObject({
      error: { message: expect.stringMatching(/^request s: the stop text .* can never/) as string },
    });
    expect(good).toMatchObject({ id: 'g' });
  });
});
