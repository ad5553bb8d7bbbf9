import { describe, expect, it } from 'vitest';

import type { ScoreResult } from '../../../../src/engine/engine.js';
import type { Pair } from '../../../../src/shared/rows.js';
import { assess, assessPairs, type AssessChunk, type AssessInput } from '../../../../src/stages/assess/assess.js';
import { gradeDistribution } from '../../../../src/stages/assess/grades.js';
import { FakeModel, promptText } from '../../../support/fake-model.js';

const pair = (id: string, response: string, input = ''): Pair => ({ id, instruction: `Do ${id}.`, input, response });
const pairs = [pair('a', 'One two three.'), pair('b', '', 'x'), pair('c', 'Four words are here.', 'some input')];

function how(method: AssessInput['method'], criteria: AssessInput['settings']['criteria'] = 'combined') {
  return { iteration: 1, seed: 1, method, settings: { criteria, chunk: 2 } };
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

describe('the expected grade', () => {
  const digits = (probabilities: number[]): ScoreResult => ({
    id: 'd',
    logprob: 0,
    tokens: 0,
    endLogprob: 0,
    nextLogprobs: probabilities.map(Math.log),
  });
  const ten = (probability: number, tokens: number): ScoreResult => ({
    ...digits([]),
    logprob: Math.log(probability),
    tokens,
  });

  it('counts "10" apart where it is one token', () => {
    const grades = gradeDistribution(digits([0.2, 0, 0, 0, 0, 0, 0, 0, 0.2]), ten(0.4, 1));
    expect(grades?.map((p) => +p.toFixed(6))).toEqual([0.25, 0, 0, 0, 0, 0, 0, 0, 0.25, 0.5]);
  });

  it('takes "10" out of "1" where it is two tokens', () => {
    const grades = gradeDistribution(digits([0.5, 0, 0, 0, 0, 0, 0, 0, 0.3]), ten(0.4, 2));
    expect(grades?.map((p) => +p.toFixed(6))).toEqual([0.125, 0, 0, 0, 0, 0, 0, 0, 0.375, 0.5]);
  });

  it('is absent where no grade has any probability', () => {
    expect(gradeDistribution(digits([0, 0, 0, 0, 0, 0, 0, 0, 0]), ten(0, 1))).toBeUndefined();
  });

  it('is the mean of the distribution, for both criteria', async () => {
    const read = ({ id, next }: { id: string; next?: readonly string[] }): Partial<ScoreResult> => {
      const favourite = id.includes('quality') ? 8 : 3;
      if (next) return { nextLogprobs: next.map((text) => (Number(text) === favourite ? Math.log(0.5) : -Infinity)) };
      return { logprob: Math.log(0.5), tokens: 1 };
    };
    const [first] = await assessPairs(pairs.slice(0, 1), how('expected'), new FakeModel({ read }));
    expect(first).toMatchObject({ method: 'expected', quality: 9, following: 6.5 });
    expect(first && 'distribution' in first && first.distribution.quality).toEqual([0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0.5]);
  });

  it.each(['combined', 'simple', 'examples'] as const)(
    'asks by the %s wording, the pair in the prompt',
    async (criteria) => {
      for (const hasChatTemplate of [true, false]) {
        const model = new FakeModel({ hasChatTemplate });
        await assessPairs(pairs.slice(2), how('expected', criteria), model);
        const prompts = (model.scored[0] ?? []).map(promptText);
        expect(new Set(prompts).size).toBe(2);
        for (const prompt of prompts) {
          expect(prompt).toContain('Task:\nDo c.\nsome input\n\nAnswer:\nFour words are here.');
          expect(prompt.endsWith(hasChatTemplate ? 'Write the number and nothing else.' : 'Grade: ')).toBe(true);
        }
      }
    },
  );
});

describe('the sampled grade', () => {
  it('is read from one short drawn answer a criterion', async () => {
    const model = new FakeModel({ write: ({ id }) => (id.includes('quality') ? '9||fine' : ' 7') });
    const [first] = await assessPairs(pairs.slice(0, 1), how('sampled'), model);
    expect(first).toEqual({ id: 'a', method: 'sampled', quality: 9, following: 7 });
    expect(model.generated[0]?.[0]).toMatchObject({ maxTokens: 8, sampling: { temperature: 1, topP: 0.95 } });
    expect(model.generated[0]?.[0]?.seed).not.toBe(model.generated[0]?.[1]?.seed);
  });

  it('tells which criterion could not be read', async () => {
    const model = new FakeModel({ write: ({ id }) => (id.includes('quality') ? '9' : 'Grade 7') });
    const [first] = await assessPairs(pairs.slice(0, 1), how('sampled'), model);
    expect(first).toEqual({ id: 'a', method: 'sampled', quality: null, following: null, reason: 'following-no-score' });
  });
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
