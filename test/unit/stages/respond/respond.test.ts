import { describe, expect, it } from 'vitest';

import { respondSchema } from '../../../../src/config/schema.js';
import type { Candidate } from '../../../../src/shared/rows.js';
import { respond, type RespondChunk, type RespondInput } from '../../../../src/stages/respond/respond.js';
import { FakeModel, promptText } from '../../../support/fake-model.js';

const candidates: Candidate[] = Array.from({ length: 5 }, (_, i) => ({
  id: `c-1-${i}`,
  instruction: `Instruction ${i}`,
  input: i === 1 ? 'an input' : '',
  verdicts: [],
}));

async function all(model: FakeModel, over: Partial<RespondInput> = {}): Promise<RespondChunk[]> {
  const settings = respondSchema.parse({ chunk: 2, maxTokens: 40, temperature: 0.5 });
  const input = { candidates, iteration: 1, seed: 1, settings, firstChunk: 0, ...over };
  const chunks: RespondChunk[] = [];
  for await (const chunk of respond(input, model)) chunks.push(chunk);
  return chunks;
}

const echo = () => new FakeModel({ write: (request) => ` Answer to ${promptText(request)}\n` });

describe('respond', () => {
  it('answers every candidate once, in chunks and in order, under its id', async () => {
    const chunks = await all(echo());
    expect(chunks.map(({ index, pairs }) => [index, pairs.length])).toEqual([
      [0, 2],
      [1, 2],
      [2, 1],
    ]);
    expect(chunks.flatMap(({ pairs }) => pairs.map(({ id }) => id))).toEqual(candidates.map(({ id }) => id));
  });

  it('puts the input on the line after the instruction', async () => {
    const model = echo();
    await all(model);
    expect(model.generated[0]?.[1]?.prompt).toEqual({
      messages: [{ role: 'user', content: 'Instruction 1\nan input' }],
    });
  });

  it('trims the response, keeps the raw text beside it, and says how it came about', async () => {
    const [chunk] = await all(echo());
    expect(chunk?.pairs[0]).toEqual({
      id: 'c-1-0',
      instruction: 'Instruction 0',
      input: '',
      response: 'Answer to Instruction 0',
      source: { stop: 'end', tokens: 4, logprob: -4, seed: expect.any(Number) as number },
    });
    expect(chunk?.completions[0]).toMatchObject({ text: ' Answer to Instruction 0\n' });
  });

  it('carries on what was recorded of a text while it was written', async () => {
    const written = { logprob: -3, tokens: 2, end: -0.5 };
    const model = new FakeModel({ write: () => ({ text: 'Two words', stop: 'end', written }) });
    const [chunk] = await all(model);
    expect(chunk?.pairs[0]?.source).toMatchObject({ stop: 'end', written });
  });

  it('takes the label of an answer off, and with it what was recorded of the whole text', async () => {
    const written = { logprob: -3, tokens: 2, end: -0.5 };
    const model = new FakeModel({ write: () => ({ text: '答案： Two words', stop: 'end', written }) });
    const [chunk] = await all(model);
    expect(chunk?.pairs[0]?.response).toBe('Two words');
    expect(chunk?.pairs[0]?.source).not.toHaveProperty('written');
    expect(chunk?.completions[0]).toMatchObject({ text: '答案： Two words', written });
  });

  it('goes on where a request fails, with an empty response that says why', async () => {
    const model = new FakeModel({ fails: ({ id }) => id === 'c-1-1', write: () => 'Fine.' });
    const pairs = (await all(model)).flatMap((chunk) => chunk.pairs);
    expect(pairs.map(({ response }) => response)).toEqual(['Fine.', '', 'Fine.', 'Fine.', 'Fine.']);
    expect(pairs[1]?.source).toMatchObject({ error: 'request c-1-1 is too long' });
  });

  it('asks a model without a chat template in plain text and stops it at the next task', async () => {
    const model = new FakeModel({ hasChatTemplate: false, write: () => 'Fine.' });
    await all(model);
    expect(model.generated[0]?.[1]).toMatchObject({
      prompt: { text: 'Task:\nInstruction 1\nan input\n\nAnswer:\n' },
      stop: ['\nTask:', '\nAnswer:'],
      maxTokens: 40,
      sampling: { temperature: 0.5, topK: 0, topP: 0.95, minP: 0 },
    });
  });

  it('yields the same chunks when it goes on after some of them', async () => {
    const whole = await all(echo());
    expect(await all(echo(), { firstChunk: 1 })).toEqual(whole.slice(1));
    expect(await all(echo(), { firstChunk: 3 })).toEqual([]);
  });
});
