import { describe, expect, it } from 'vitest';

import { constraintsSchema } from '../../../../src/config/constraints-schema.js';
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

const seeds = [1, 2, 3].map((i) => ({
  id: `s-${i}`,
  instruction: `Seed ${i}`,
  input: 'with',
  output: `Output ${i}, long enough to be changed, as it has more than twelve words.`,
}));

const settingsOf = (over: object) =>
  respondSchema.parse({ chunk: 2, maxTokens: 40, temperature: 0.5, demonstrations: 0, ...over });

async function all(model: FakeModel, over: Partial<RespondInput> = {}): Promise<RespondChunk[]> {
  const settings = settingsOf({});
  const input: RespondInput = {
    ...{ candidates, iteration: 1, seed: 1, settings, inputJoiner: 'newline', gluedInput: false, firstChunk: 0 },
    seeds,
    ...{ isBase: true, isTemplateGiven: false },
    constraints: constraintsSchema.parse({}),
    ...over,
  };
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

  it('has texts that go round in circles cut off, where that is not turned off', async () => {
    const asked = async (over: object) => {
      const model = echo();
      await all(model, { settings: settingsOf(over) });
      return new Set(model.generated.flat().map(({ stopAtRepetition }) => stopAtRepetition));
    };
    expect(await asked({})).toEqual(new Set([48]));
    expect(await asked({ stopAtRepetition: 0 })).toEqual(new Set([0]));
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

  it.each([
    ['auto', 'the base', { messages: [{ role: 'user', content: 'Instruction 1\nan input' }] }],
    ['chat', 'the base', { messages: [{ role: 'user', content: 'Instruction 1\nan input' }] }],
    ['chat', 'an adapter', { messages: [{ role: 'user', content: 'Instruction 1\nan input' }] }],
    ['raw', 'the base', { text: 'Task:\nInstruction 1\nan input\n\nAnswer:\n' }],
    ['raw', 'an adapter', { text: 'Task:\nInstruction 1\nan input\n\nAnswer:\n' }],
    ['raw-first', 'the base', { text: 'Task:\nInstruction 1\nan input\n\nAnswer:\n' }],
    ['raw-first', 'an adapter', { messages: [{ role: 'user', content: 'Instruction 1\nan input' }] }],
  ])('asks a model with a chat template in the form %s where %s answers', async (form, who, prompt) => {
    const model = echo();
    await all(model, { settings: settingsOf({ form }), isBase: who === 'the base' });
    const stop = 'text' in prompt ? ['\nTask:', '\nAnswer:'] : [];
    expect(model.generated[0]?.[1]).toMatchObject({ prompt, stop });
  });

  it('shows seeds with their outputs before a task in plain text, the same ones to all that have an input or none', async () => {
    const model = echo();
    await all(model, { settings: settingsOf({ form: 'raw', demonstrations: 2 }) });
    const texts = model.generated.flat().map(promptText);
    const shown = /^(Task:\nSeed \d\nwith\n\nAnswer:\nOutput \d,.*\n\n){2}(?=Task:\nInstruction)/u;
    expect(new Set(texts.map((text) => shown.exec(text)?.[0])).size).toBe(1);
    expect(texts[1]).toMatch(/words\.\n\nTask:\nInstruction 1\nan input\n\nAnswer:\n$/u);
  });

  it('shows seeds with an input to tasks with one, and answers of some length rather than short ones', async () => {
    const long = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
    const of = (id: string, input: string, output: string) => ({ id, instruction: `Seed ${id}`, input, output });
    const mixed = [of('a', '', 'short'), of('b', '', long), of('c', 'x', 'short'), of('d', 'x', long)];
    const model = echo();
    await all(model, { settings: settingsOf({ form: 'raw', demonstrations: 1 }), seeds: mixed });
    const [first, second] = model.generated.flat().map(promptText);
    expect(first).toContain(`Seed b\n\nAnswer:\n${long}\n\nTask:\nInstruction 0`);
    expect(second).toContain(`Seed d\nx\n\nAnswer:\n${long}\n\nTask:\nInstruction 1`);
  });

  it('shows seeds that meet a constraint of the family that is asked for', async () => {
    const model = echo();
    const constraints = constraintsSchema.parse({ share: 1, families: ['upper-case'], attempts: 1 });
    await all(model, { settings: settingsOf({ form: 'raw', demonstrations: 3 }), constraints });
    const [first = ''] = model.generated.flat().map(promptText);
    expect(first.match(/^OUTPUT \d, LONG ENOUGH TO BE CHANGED/gmu)).toHaveLength(3);
    expect(first).not.toContain('Output');
  });

  it('shows none by a chat template', async () => {
    const model = echo();
    await all(model, { settings: settingsOf({ form: 'raw-first', demonstrations: 2 }), isBase: false });
    expect(promptText(model.generated[0]?.[0] as never)).toBe('Instruction 0');
  });

  it('makes a response over that no attempt met, where that is asked for, and says so', async () => {
    const written = { logprob: -3, tokens: 2, end: -0.5 };
    const text = 'A long answer, with a comma and more than a dozen words in it, written as they come.';
    const ask = async (repair: boolean) => {
      const model = new FakeModel({ write: () => ({ text, stop: 'end', written }) });
      const constraints = constraintsSchema.parse({ share: 1, families: ['no-commas'], attempts: 2, repair });
      const [chunk] = await all(model, { constraints });
      return chunk?.pairs[0];
    };
    expect(await ask(true)).toMatchObject({
      response: text.replaceAll(',', ''),
      source: { attempts: 2, repaired: true },
    });
    expect((await ask(true))?.source).not.toHaveProperty('written');
    expect(await ask(false)).toMatchObject({ response: text, source: { attempts: 2 } });
  });

  it('asks in plain text first where the template is the choice of the run', async () => {
    for (const [isBase, prompt] of [
      [true, { text: expect.stringMatching(/^(Task:\nSeed.*){3}Task:\nInstruction 0/su) as string }],
      [false, { messages: [{ role: 'user', content: 'Instruction 0' }] }],
    ] as const) {
      const model = echo();
      await all(model, { settings: settingsOf({ demonstrations: 3 }), isTemplateGiven: true, isBase });
      expect(model.generated[0]?.[0]?.prompt).toEqual(prompt);
    }
  });

  it.each([
    ['newline', false, 'Instruction 1\nan input'],
    ['blank-line', false, 'Instruction 1\n\nan input'],
    ['space', false, 'Instruction 1 an input'],
    ['nothing', false, 'Instruction 1an input'],
    ['blank-line', true, 'Instruction 1an input'],
  ] as const)('joins instruction and input by %s, glued: %s', async (inputJoiner, gluedInput, content) => {
    const model = echo();
    const [chunk] = await all(model, { inputJoiner, gluedInput });
    expect(model.generated[0]?.[1]?.prompt).toEqual({ messages: [{ role: 'user', content }] });
    expect(chunk?.pairs[1]).toMatchObject({ instruction: 'Instruction 1', input: 'an input' });
  });

  it.each([
    ['the chat template', {}, {}, [true, true]],
    ['plain text, where judging has none either', { form: 'raw' }, { hasChatTemplate: false }, [true, true]],
    ['plain text, and judging by the template', { form: 'raw' }, {}, [false, false]],
    ['glued texts, where there is an input', {}, { gluedInput: true }, [true, false]],
  ])('keeps the likelihoods of writing only where judging asks the same: %s', async (_, form, how, kept) => {
    const written = { logprob: -3, tokens: 2, end: -0.5 };
    const { hasChatTemplate = true, ...over } = how as { hasChatTemplate?: boolean; gluedInput?: boolean };
    const model = new FakeModel({ hasChatTemplate, write: () => ({ text: 'Two words', stop: 'end', written }) });
    const [chunk] = await all(model, { settings: settingsOf(form), ...over });
    expect(chunk?.pairs.map(({ source }) => source?.written !== undefined)).toEqual(kept);
  });

  it('writes several responses, each with its own stream, all of one instruction in one chunk', async () => {
    const model = echo();
    const chunks = await all(model, { settings: settingsOf({ responses: 3, chunk: 6 }) });
    expect(chunks.map(({ pairs }) => pairs.length)).toEqual([6, 6, 3]);
    expect(chunks[0]?.pairs.map(({ id, source }) => [id, source?.candidate])).toEqual([
      ['c-1-0', 'c-1-0'],
      ['c-1-0-r2', 'c-1-0'],
      ['c-1-0-r3', 'c-1-0'],
      ['c-1-1', 'c-1-1'],
      ['c-1-1-r2', 'c-1-1'],
      ['c-1-1-r3', 'c-1-1'],
    ]);
    const seeds = model.generated.flat().map(({ seed }) => seed);
    expect(new Set(seeds).size).toBe(15);
    const alone = echo();
    await all(alone);
    const firsts = model.generated.flat().filter(({ id }) => !id.includes('-r'));
    expect(firsts).toEqual(alone.generated.flat());
  });

  it('keeps the responses of an instruction together even where they are more than a chunk', async () => {
    const chunks = await all(echo(), { settings: settingsOf({ responses: 3, chunk: 2 }) });
    expect(chunks.map(({ pairs }) => pairs.length)).toEqual([3, 3, 3, 3, 3]);
  });

  describe('to instructions with constraints', () => {
    const constraints = constraintsSchema.parse({ share: 1, families: ['no-commas'], attempts: 3 });
    /** Writes commas until so many attempts at an instruction were made. */
    const improving = (attempts: Record<string, number>) => {
      const made: Record<string, number> = {};
      return new FakeModel({
        write: ({ id }) => {
          made[id] = (made[id] ?? 0) + 1;
          return made[id] >= (attempts[id] ?? 1) ? `Fine ${made[id]}` : `No, not yet ${made[id]}`;
        },
      });
    };

    it('asks for them at the end of the instruction, before the input', async () => {
      const model = improving({});
      const [chunk] = await all(model, { constraints });
      const { instruction = '', constraints: asked } = chunk?.pairs[1] ?? {};
      expect(instruction).toMatch(/^Instruction 1\. .*[Cc]omma/);
      expect(asked).toEqual([{ family: 'no-commas', parameters: {} }]);
      const content = `${instruction}\nan input`;
      expect(model.generated[0]?.[1]?.prompt).toEqual({ messages: [{ role: 'user', content }] });
    });

    it('samples until one meets them, those that do not alone, each attempt with its own stream', async () => {
      const model = improving({ 'c-1-0': 2, 'c-1-1': 9, 'c-1-2': 3 });
      const chunks = await all(model, { constraints, settings: settingsOf({ chunk: 5 }) });
      const ids = model.generated.map((requests) => requests.map(({ id }) => id.slice(-1)).join(''));
      expect(ids).toEqual(['01234', '012', '12']);
      const pairs = chunks.flatMap((chunk) => chunk.pairs);
      expect(pairs.map(({ response, source }) => [response, source?.attempts])).toEqual([
        ['Fine 2', 2],
        ['No, not yet 3', 3],
        ['Fine 3', 3],
        ['Fine 1', 1],
        ['Fine 1', 1],
      ]);
      const requests = model.generated.flat();
      expect(new Set(requests.map(({ seed }) => seed)).size).toBe(requests.length);
      expect(pairs[2]?.source?.seed).toBe(model.generated[2]?.[1]?.seed);
      expect(chunks[0]?.completions.map((one) => 'text' in one && one.text)).toEqual(
        pairs.map((pair) => pair.response),
      );
      // Of all three rounds; a refusal has four words, an answer two.
      expect(chunks[0]?.tokens).toBe(16 + 10 + 6);
    });

    it('asks as without constraints where none are drawn', async () => {
      const [plain, none] = [echo(), echo()];
      const off = constraintsSchema.parse({ share: 0, attempts: 3 });
      expect(await all(none, { constraints: off })).toEqual(await all(plain));
      expect(none.generated).toEqual(plain.generated);
    });

    it('does not ask again for what failed, tells progress that never falls, and how many it asks again', async () => {
      const model = new FakeModel({ fails: ({ id }) => id === 'c-1-1', write: () => 'No, no' });
      const told: [number, number][] = [];
      const onProgress: RespondInput['onProgress'] = ({ done, again }) => void told.push([done, again]);
      const [chunk] = await all(model, { constraints, onProgress });
      expect(model.generated.slice(0, 3).map((requests) => requests.length)).toEqual([2, 1, 1]);
      expect(told.slice(0, 3)).toEqual([
        [2, 0],
        [2, 1],
        [2, 1],
      ]);
      expect(chunk?.pairs[1]?.source).toMatchObject({ error: 'request c-1-1 is too long', attempts: 1 });
    });

    it('are the same for all responses to an instruction, and yields the same chunks when it goes on', async () => {
      const how = {
        constraints: constraintsSchema.parse({ share: 0.5, perInstruction: 3, attempts: 2 }),
        settings: settingsOf({ responses: 2 }),
      };
      const whole = await all(echo(), how);
      const pairs = whole.flatMap((chunk) => chunk.pairs);
      for (let i = 0; i < pairs.length; i += 2) expect(pairs[i + 1]?.constraints).toEqual(pairs[i]?.constraints);
      expect(await all(echo(), { ...how, firstChunk: 2 })).toEqual(whole.slice(2));
    });
  });

  it('yields the same chunks when it goes on after some of them', async () => {
    const whole = await all(echo());
    expect(await all(echo(), { firstChunk: 1 })).toEqual(whole.slice(1));
    expect(await all(echo(), { firstChunk: 3 })).toEqual([]);
  });
});
