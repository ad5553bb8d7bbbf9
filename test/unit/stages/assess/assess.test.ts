import { describe, expect, it } from 'vitest';

import type { ScoreResult } from '../../../../src/engine/engine.js';
import type { Pair } from '../../../../src/shared/rows.js';
import { assess, assessPairs, type AssessChunk, type AssessInput } from '../../../../src/stages/assess/assess.js';
import { gradeDistribution } from '../../../../src/stages/assess/grades.js';
import { gradePrompt, variations } from '../../../../src/stages/assess/prompts.js';
import { FakeModel, promptText } from '../../../support/fake-model.js';

const pair = (id: string, response: string, input = ''): Pair => ({ id, instruction: `Do ${id}.`, input, response });
const pairs = [pair('a', 'One two three.'), pair('b', '', 'x'), pair('c', 'Four words are here.', 'some input')];

function how(method: AssessInput['method'], criteria: AssessInput['settings']['criteria'] = 'combined', repeats = 1) {
  return { iteration: 1, seed: 1, method, settings: { criteria, chunk: 2, repeats } };
}

describe('assessment by likelihood', () => {
  it('gives means a token, the gain of the response over none, and the end', async () => {
    const read = ({ id }: { id: string }): Partial<ScoreResult> => {
      if (id.endsWith('/response')) return { logprob: -6, tokens: 4, endLogprob: -0.25 };
      return id.endsWith('/back') ? { logprob: -3, tokens: 2 } : { logprob: -5, tokens: 2 };
    };
    const [first] = await assessPairs(pairs.slice(0, 1), how('likelihood'), new FakeModel({ read }));
    expect(first).toEqual({ id: 'a', method: 'likelihood', likelihood: { response: -1.5, back: 1, end: -0.25 } });
  });

  it('scores the response after the task, and the task after the response and after none', async () => {
    const model = new FakeModel();
    await assessPairs([pair('c', 'Four words.', 'some input')], how('likelihood'), model);
    const [response, back, task] = model.scored[0] ?? [];
    expect(response).toMatchObject({
      prompt: { messages: [{ content: 'Do c.\nsome input' }] },
      continuation: 'Four words.',
    });
    expect(back && promptText(back)).toMatch(/^Four words\.\n\nThe text above/);
    expect(task && promptText(task)).toMatch(/^\n\nThe text above/);
    expect([back?.continuation, task?.continuation]).toEqual(['Do c.\nsome input', 'Do c.\nsome input']);
  });

  it('writes plain text to a model without a chat template', async () => {
    const model = new FakeModel({ hasChatTemplate: false });
    await assessPairs(pairs.slice(0, 1), how('likelihood'), model);
    expect(model.scored[0]?.map(promptText)).toEqual([
      'Task:\nDo a.\n\nAnswer:\n',
      'Answer:\nOne two three.\n\nTask:\n',
      'Answer:\n\n\nTask:\n',
    ]);
  });

  it('gives a reason where a likelihood is not a number', async () => {
    const model = new FakeModel({ read: () => ({ tokens: 0, logprob: 0 }) });
    const [first] = await assessPairs(pairs.slice(0, 1), how('likelihood'), model);
    expect(first).toEqual({ id: 'a', method: 'likelihood', quality: null, following: null, reason: 'no-likelihood' });
  });
});

describe('the likelihood that was recorded while the model wrote', () => {
  const written = { logprob: -6, tokens: 4, end: -0.25 };
  const own: Pair = { ...pair('a', 'One two three.'), source: { stop: 'end', written } };
  const ask = async (asked: Pair, ownResponses: boolean) => {
    const model = new FakeModel();
    const [first] = await assessPairs([asked], { ...how('likelihood'), ownResponses }, model);
    const scored = model.scored[0]?.map(({ id }) => id);
    return { likelihood: first && 'likelihood' in first ? first.likelihood : undefined, scored };
  };

  it("is taken for the model's own responses, which are not scored again", async () => {
    const { likelihood, scored } = await ask(own, true);
    expect(likelihood).toEqual({ response: -1.5, back: 0, end: -0.25 });
    expect(scored).toEqual(['a/back', 'a/task']);
  });

  it('is left alone in pairs of others', async () => {
    const { likelihood, scored } = await ask(own, false);
    expect(likelihood).toEqual({ response: -1, back: 0, end: -2 });
    expect(scored).toEqual(['a/response', 'a/back', 'a/task']);
  });

  it.each([
    ['nothing was recorded', { stop: 'end' }],
    ['the response was cut off where it ends', { written: { ...written, end: null } }],
    ['what stands there is no likelihood', { written: 'yes' }],
  ])('is scored where %s', async (_, source) => {
    expect((await ask({ ...own, source }, true)).likelihood?.response).toBe(-1);
  });
});

it('scores the reference of a task once for all of its pairs, and each kind of request together', async () => {
  const model = new FakeModel();
  const twice = [pair('a', 'One.'), { ...pair('a', 'Two.'), id: 'b' }];
  const assessed = await assessPairs(twice, how('likelihood'), model);
  expect(model.scored[0]?.map(({ id }) => id)).toEqual(['a/response', 'b/response', 'a/back', 'b/back', 'a/task']);
  expect(assessed.every((one) => 'likelihood' in one)).toBe(true);
});

/** log p of "1" to "19" where the grades have these probabilities, and "11" this one. */
const numbers = (grades: readonly number[], eleven = 0): number[] => {
  const ten = grades[9] ?? 0;
  const begins = [(grades[0] ?? 0) + ten + eleven, ...grades.slice(1, 9), ten, eleven, ...Array<number>(8).fill(0)];
  return begins.map(Math.log);
};

describe('the expected grade', () => {
  it('takes all that goes on behind "1" out of grade 1', () => {
    const grades = gradeDistribution(numbers([0.1, 0, 0, 0, 0, 0, 0, 0, 0.3, 0.4], 0.1));
    expect(grades?.map((p) => +p.toFixed(6))).toEqual([0.125, 0, 0, 0, 0, 0, 0, 0, 0.375, 0.5]);
  });

  it('is absent where no grade has any probability', async () => {
    expect(gradeDistribution(numbers([]))).toBeUndefined();
    const model = new FakeModel({ read: () => ({ nextLogprobs: numbers([]) }) });
    const [first] = await assessPairs(pairs.slice(0, 1), how('expected'), model);
    expect(first).toEqual({ id: 'a', method: 'expected', quality: null, following: null, reason: 'no-grade' });
  });

  it('is the mean of the distribution, with its standard deviation, by one request a criterion', async () => {
    const read = ({ id }: { id: string }): Partial<ScoreResult> => {
      const grades = Array.from({ length: 10 }, (_, i) =>
        i === (id.includes('quality') ? 7 : 2) || i === 9 ? 0.2 : 0,
      );
      return { nextLogprobs: numbers(grades) };
    };
    const model = new FakeModel({ read });
    const [first] = await assessPairs(pairs.slice(0, 1), how('expected'), model);
    if (first?.method !== 'expected' || 'reason' in first) throw new Error('no grades');
    expect(first.quality).toBeCloseTo(9);
    expect(first.following).toBeCloseTo(6.5);
    expect(first.spread.quality).toBeCloseTo(1);
    expect(first.spread.following).toBeCloseTo(3.5);
    expect(first.distribution.quality.map((p) => +p.toFixed(6))).toEqual([0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0.5]);
    expect(first).not.toHaveProperty('repeats');
    expect(model.scored.map((call) => call.map(({ id, next }) => [id, next?.length]))).toEqual([
      [
        ['a/quality', 19],
        ['a/following', 19],
      ],
    ]);
  });

  it.each(['combined', 'simple', 'examples'] as const)(
    'asks by the %s wording: what is asked for, the pair, and last which grade',
    async (criteria) => {
      for (const hasChatTemplate of [true, false]) {
        const model = new FakeModel({ hasChatTemplate });
        await assessPairs(pairs.slice(0, 3), how('expected', criteria), model);
        const [quality = '', following = '', other = ''] = (model.scored[0] ?? []).map(promptText);
        const same = sharedBeginning(quality, following);
        expect(same).toContain('Task:\nDo a.\n\nAnswer:\nOne two three.');
        expect(quality.slice(same.length)).toMatch(/^quality( is)?$/);
        expect(following.slice(same.length)).toMatch(/^following( is)?$/);
        expect(sharedBeginning(quality, other)).toContain('The grade for following.');
      }
    },
  );

  it('is asked for in other orders where it is repeated, and tells each', async () => {
    let n = 0;
    const read = () => ({ nextLogprobs: numbers(Array.from({ length: 10 }, (_, i) => (i === n ? 1 : 0))) });
    const model = new FakeModel({ read: () => ({ ...read(), ...(n++, {}) }) });
    const [first] = await assessPairs(pairs.slice(0, 1), how('expected', 'combined', 3), model);
    expect(first).toMatchObject({ quality: 3, following: 4, repeats: { quality: [1, 3, 5], following: [2, 4, 6] } });
    const prompts = (model.scored[0] ?? []).map(promptText);
    expect(new Set(prompts).size).toBe(6);
    expect(prompts.every((prompt) => prompt.includes('One two three.'))).toBe(true);
  });

  it('has eight orders, all different', () => {
    const prompts = Array.from({ length: variations }, (_, i) =>
      gradePrompt(pairs[0] as Pair, 'quality', 'examples', false, i),
    );
    expect(new Set(prompts.map((prompt) => 'text' in prompt && prompt.text)).size).toBe(8);
  });
});

function sharedBeginning(a: string, b: string): string {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return a.slice(0, n);
}

describe('the sampled grade', () => {
  it('is read from one short drawn answer a criterion, which ends once the number is known', async () => {
    const model = new FakeModel({ write: ({ id }) => (id.includes('quality') ? '9||fine' : ' 7') });
    const [first] = await assessPairs(pairs.slice(0, 1), how('sampled'), model);
    expect(first).toEqual({ id: 'a', method: 'sampled', quality: 9, following: 7 });
    expect(model.generated[0]?.[0]).toMatchObject({
      maxTokens: 8,
      untilNumber: true,
      sampling: { temperature: 1, topP: 0.95 },
    });
    expect(model.generated[0]?.[0]?.seed).not.toBe(model.generated[0]?.[1]?.seed);
  });

  it('keeps to the numbers where that is set', async () => {
    const model = new FakeModel({ write: () => '10' });
    const settings = { criteria: 'combined', repeats: 1, constrained: true } as const;
    await assessPairs(pairs.slice(0, 1), { ...how('sampled'), settings }, model);
    expect(model.generated[0]?.map(({ grammar }) => grammar)).toEqual(Array(2).fill('root ::= " "? ("10" | [1-9])'));
    await assessPairs(pairs.slice(0, 1), how('sampled'), model);
    expect(model.generated[1]?.[0]).not.toHaveProperty('grammar');
  });

  it('tells which criterion could not be read', async () => {
    const model = new FakeModel({ write: ({ id }) => (id.includes('quality') ? '9' : 'Grade 7') });
    const [first] = await assessPairs(pairs.slice(0, 1), how('sampled'), model);
    expect(first).toEqual({ id: 'a', method: 'sampled', quality: null, following: null, reason: 'following-no-score' });
  });

  it('is the mean of the draws that hold one, each with a seed of its own', async () => {
    const answers: Record<string, string> = { 'a/quality': '9', 'a/quality/1': 'none', 'a/quality/2': '6' };
    const model = new FakeModel({ write: ({ id }) => answers[id] ?? '4' });
    const [first] = await assessPairs(pairs.slice(0, 1), how('sampled', 'combined', 3), model);
    expect(first).toMatchObject({
      quality: 7.5,
      following: 4,
      repeats: { quality: [9, null, 6], following: [4, 4, 4] },
    });
    expect(new Set(model.generated[0]?.map(({ seed }) => seed)).size).toBe(6);
    expect(new Set(model.generated[0]?.map(promptText)).size).toBe(2);
  });
});

describe('a request that fails', () => {
  const three = [pair('a', 'One.'), pair('b', 'Two.'), pair('c', 'Three.')];

  it.each([
    ['likelihood', 'b/response'],
    ['likelihood', 'b/back'],
    ['likelihood', 'b/task'],
    ['expected', 'b/following'],
    ['expected', 'b/quality'],
    ['sampled', 'b/quality'],
  ] as const)('by %s, %s, leaves its pair without an assessment and no other', async (method, id) => {
    const model = new FakeModel({ fails: (request) => request.id === id, write: () => '8' });
    const assessed = await assessPairs(three, how(method), model);
    expect(assessed.map((one) => ('reason' in one ? one.reason : ''))).toEqual(['', 'request-failed', '']);
  });
});

it('tells progress in pairs, whatever a method asks', async () => {
  for (const method of ['likelihood', 'expected', 'sampled'] as const) {
    const told: number[] = [];
    const model = new FakeModel({ write: () => '8' });
    await assessPairs(
      [pair('a', 'One.'), pair('b', 'Two.')],
      { ...how(method), onProgress: ({ done }) => told.push(done) },
      model,
    );
    expect(told).toEqual([2]);
  }
});

describe('assess', () => {
  async function all(firstChunk: number, model = new FakeModel()): Promise<AssessChunk[]> {
    const chunks: AssessChunk[] = [];
    for await (const chunk of assess({ pairs, firstChunk, ...how('likelihood') }, model)) chunks.push(chunk);
    return chunks;
  }

  it('yields an assessment or a reason for every pair, in chunks and in order', async () => {
    const chunks = await all(0);
    expect(chunks.map(({ index, assessments }) => [index, assessments.map(({ id }) => id)])).toEqual([
      [0, ['a', 'b']],
      [1, ['c']],
    ]);
    expect(chunks[0]?.assessments[1]).toEqual({
      id: 'b',
      method: 'likelihood',
      quality: null,
      following: null,
      reason: 'empty-response',
    });
  });

  it('yields the same chunks when it goes on after some of them', async () => {
    expect(await all(1)).toEqual((await all(0)).slice(1));
  });
});
