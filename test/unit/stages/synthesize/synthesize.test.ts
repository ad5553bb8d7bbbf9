import { describe, expect, it } from 'vitest';

import { quirksSchema } from '../../../../src/config/schema.js';
import { synthesizeSchema } from '../../../../src/config/synthesize-schema.js';
import type { SeedTask, StopReason } from '../../../../src/shared/rows.js';
import { isKept } from '../../../../src/shared/verdicts.js';
import { createScreen } from '../../../../src/stages/filter/screen.js';
import {
  synthesize,
  type SynthesizeChunk,
  type SynthesizeInput,
} from '../../../../src/stages/synthesize/synthesize.js';
import { FakeModel } from '../../../support/fake-model.js';

const seeds: SeedTask[] = Array.from({ length: 8 }, (_, i) => ({
  id: `seed-${i}`,
  instruction: `Seed instruction number ${i} about topic${i}.`,
  input: i % 2 === 0 ? '' : `seed input ${i}`,
  output: 'secret answer',
}));

/** Three tasks a request: two new ones, and one that every request writes. */
function write({ seed }: { seed: number }): string {
  const one = (k: number) => `Invent word${seed}x${k} and show term${seed}y${k}.`;
  return ` ${one(1)}\nInput: none\n\nTask 7: Sing about the same old thing again.\nInput: none\n\nTask 8: ${one(2)}\nInput: text ${seed}`;
}

function makeInput(over: Partial<SynthesizeInput> = {}): SynthesizeInput {
  const settings = synthesizeSchema.parse({ chunk: 4 });
  const screen = createScreen({ appliesTo: 'candidate', novelty: 0.7, against: seeds });
  return {
    seeds,
    iteration: 2,
    seed: 1,
    target: 20,
    settings,
    quirks: quirksSchema.parse({}),
    screen,
    earlier: [],
    ...over,
  };
}

async function all(input: SynthesizeInput, model: FakeModel): Promise<SynthesizeChunk[]> {
  const chunks: SynthesizeChunk[] = [];
  for await (const chunk of synthesize(input, model)) chunks.push(chunk);
  return chunks;
}

describe('synthesize', () => {
  it('keeps exactly as many instructions as wanted, all different', async () => {
    const candidates = (await all(makeInput(), new FakeModel({ write }))).flatMap((chunk) => chunk.candidates);
    const kept = candidates.filter(isKept);
    expect(kept).toHaveLength(20);
    expect(new Set(kept.map(({ instruction }) => instruction)).size).toBe(20);
  });

  it('keeps every parsed candidate with its verdicts, those after the target too', async () => {
    const candidates = (await all(makeInput({ target: 3 }), new FakeModel({ write }))).flatMap(
      (chunk) => chunk.candidates,
    );
    expect(candidates.map(({ id }) => id)).toEqual(candidates.map((_, i) => `c-2-${i + 1}`));
    expect(candidates.map(({ verdicts }) => verdicts.at(-1)?.reason)).toEqual([
      undefined,
      undefined,
      undefined,
      'target-reached',
      'target-reached',
      'target-reached',
    ]);
    expect(candidates[2]?.source).toEqual({ request: 's-2-1', number: 8 });
    expect(candidates[2]?.input).toMatch(/^text \d+$/);
  });

  it('asks in chunks, and in the last for no more than the yield so far calls for', async () => {
    const model = new FakeModel({ write });
    await all(makeInput(), model);
    expect(model.generated.map((requests) => requests.length)).toEqual([4, 4, 2]);
  });

  it('goes on where requests fail, and counts them', async () => {
    const model = new FakeModel({ write, fails: ({ id }) => id === 's-2-2' });
    const chunks = await all(makeInput(), model);
    expect(chunks[0]?.unparsed['request-failed']).toBe(1);
    expect(chunks.flatMap((chunk) => chunk.candidates).filter(isKept)).toHaveLength(20);
  });

  it('shows instructions and inputs of the seeds and never their outputs', async () => {
    const model = new FakeModel({ write });
    const [chunk] = await all(makeInput({ target: 1 }), model);
    const request = chunk?.requests[0];
    expect(request?.demonstrations).toHaveLength(5);
    for (const [i, id] of (request?.demonstrations ?? []).entries()) {
      const seed = seeds.find((one) => one.id === id);
      expect(request?.prompt).toContain(
        `Task ${i + 1}: ${seed?.instruction}\nInput: ${seed?.input === '' ? 'none' : seed?.input}`,
      );
    }
    expect(request?.prompt).not.toContain('secret');
    expect(request?.prompt.endsWith('\n\nTask 6:')).toBe(true);
    expect(model.generated[0]?.[0]?.stop).toEqual(['\nTask 17:', '\n###']);
  });

  it('asks by a chat where it is told to, and reads the list from its beginning', async () => {
    const settings = synthesizeSchema.parse({ chunk: 1, form: 'chat' });
    const model = new FakeModel({
      write: () => 'Here you are:\n\nTask 6: Name three birds of the north.\nInput: none',
    });
    const [chunk] = await all(makeInput({ settings, target: 1 }), model);
    expect(model.generated[0]?.[0]).not.toHaveProperty('grammar');
    expect(model.generated[0]?.[0]?.prompt).toEqual({
      messages: [{ role: 'user', content: chunk?.requests[0]?.prompt }],
    });
    expect(chunk?.requests[0]?.prompt).toMatch(/\n\nWrite tasks 6 to 16, [^\n]+$/);
    expect(chunk?.candidates).toMatchObject([{ instruction: 'Name three birds of the north.', input: '' }]);
  });

  it('refuses a chat with a model that has no chat template, before it asks for anything', async () => {
    const settings = synthesizeSchema.parse({ form: 'chat' });
    const model = new FakeModel({ write, hasChatTemplate: false });
    await expect(all(makeInput({ settings }), model)).rejects.toMatchObject({ code: 'bad-config' });
    expect(model.generated).toHaveLength(0);
  });

  it('gives the grammar of the list that it asks for where it is constrained', async () => {
    for (const [form, start] of [
      ['raw', 'root ::= task-6\n'],
      ['chat', 'root ::= "Task 6:" task-6\n'],
    ] as const) {
      const settings = synthesizeSchema.parse({ chunk: 1, form, constrained: true });
      const model = new FakeModel({ write: (request) => `${form === 'raw' ? '' : 'Task 6:'}${write(request)}` });
      await all(makeInput({ settings, target: 1 }), model);
      expect(model.generated[0]?.[0]?.grammar?.startsWith(start)).toBe(true);
      expect(model.generated[0]?.[0]?.grammar).toContain('\ntask-16 ::= task ("\\n\\nTask 17:")?\n');
    }
  });

  it('yields the same chunks whether it goes through or continues after any of them', async () => {
    const whole = await all(makeInput(), new FakeModel({ write }));
    for (let done = 0; done <= whole.length; done++) {
      const rest = await all(makeInput({ earlier: whole.slice(0, done) }), new FakeModel({ write }));
      expect(rest).toEqual(whole.slice(done));
    }
  });

  it('asks differently in every request, run and iteration', async () => {
    const seedsOf = async (over: Partial<SynthesizeInput>) =>
      (await all(makeInput(over), new FakeModel({ write }))).flatMap((chunk) => chunk.requests.map(({ seed }) => seed));
    const streams = [...(await seedsOf({})), ...(await seedsOf({ seed: 2 })), ...(await seedsOf({ iteration: 3 }))];
    expect(new Set(streams).size).toBe(streams.length);
  });

  it('takes no more tasks from a text than were asked for', async () => {
    const settings = synthesizeSchema.parse({ chunk: 1, maxTasks: 1 });
    const [chunk] = await all(makeInput({ settings, target: 1 }), new FakeModel({ write }));
    expect(chunk?.candidates).toHaveLength(1);
  });

  it('shows the outputs where it is told to, of seeds that have one, and takes none over', async () => {
    const settings = synthesizeSchema.parse({ chunk: 2, showOutputs: true });
    const some = seeds.map((seed, i) => ({ ...seed, output: i < 3 ? `answer ${i}` : ' ' }));
    const text =
      ' Invent a word for rain.\nInput: none\nOutput: Plim.\n\nTask 5: Sing of the sea at night.\nInput: none\nOutput: The s';
    const model = new FakeModel({ write: () => ({ text, stop: 'length' }) });
    const [chunk] = await all(makeInput({ settings, seeds: some, target: 2 }), model);
    const { prompt = '', demonstrations = [] } = chunk?.requests[0] ?? {};
    expect(demonstrations.sort()).toEqual(['seed-0', 'seed-1', 'seed-2']);
    for (const i of [0, 1, 2]) expect(prompt).toMatch(new RegExp(`\\nInput: .*\\nOutput: answer ${i}\\n\\nTask `));
    // The length cut the last output, and nothing of the task.
    expect(chunk?.candidates.map(({ instruction }) => instruction)).toEqual([
      'Invent a word for rain.',
      'Sing of the sea at night.',
    ]);
    expect(JSON.stringify(chunk?.candidates)).not.toContain('Plim');
  });

  it('refuses to show outputs where no seed has one', async () => {
    const settings = synthesizeSchema.parse({ showOutputs: true });
    const none = seeds.map((seed) => ({ ...seed, output: '' }));
    await expect(all(makeInput({ settings, seeds: none }), new FakeModel({ write }))).rejects.toMatchObject({
      code: 'bad-config',
      message: 'synthesize.showOutputs: none of the 8 seed tasks has an output',
    });
  });

  it('gives the first task of each request a topic of the plan, the others what the model says', async () => {
    const topics = ['bees', 'tides', 'bread'].map((topic) => ({ topic, field: topic }));
    const settings = synthesizeSchema.parse({ chunk: 3 });
    const second = 'Task 7:\nTopic: rain and snow\nInstruction: Count the drops of rain.\nInput: none';
    const text = ({ seed }: { seed: number }) => ` Describe word${seed} or thing${seed}.\nInput: none\n\n${second}`;
    const chunks = await all(makeInput({ settings, topics, target: 4 }), new FakeModel({ write: text }));
    const requests = chunks.flatMap((chunk) => chunk.requests);
    expect(
      requests
        .slice(0, 3)
        .map(({ topic }) => topic)
        .sort(),
    ).toEqual(['bees', 'bread', 'tides']);
    for (const { prompt, topic } of requests) {
      expect(prompt.endsWith(`\n\nTask 6:\nTopic: ${topic}\nInstruction:`)).toBe(true);
      expect(prompt).toMatch(/\n\nTask 1:\nTopic: \w+ and \w+\nInstruction: Seed instruction number \d/);
    }
    const candidates = chunks.flatMap((chunk) => chunk.candidates);
    for (const [i, { topic }] of requests.entries()) {
      expect(candidates.slice(2 * i, 2 * i + 2).map(({ source }) => source?.topic)).toEqual([topic, 'rain and snow']);
      expect(candidates[2 * i]?.instruction).toMatch(/^Describe word/);
    }
  });

  it('asks for several texts of each prompt, all in one chunk', async () => {
    const settings = synthesizeSchema.parse({ chunk: 4, textsPerPrompt: 3, reusePenalty: 1 });
    const topics = ['bees', 'tides', 'bread', 'salt'].map((topic) => ({ topic, field: topic }));
    const chunks = await all(makeInput({ settings, topics }), new FakeModel({ write }));
    expect(chunks.map(({ requests }) => requests.length)).toEqual([6, 6]);
    const requests = chunks.flatMap((chunk) => chunk.requests);
    expect(requests.map(({ id }) => id)).toEqual(requests.map((_, i) => `s-2-${i + 1}`));
    expect(new Set(requests.map(({ seed }) => seed)).size).toBe(12);
    const prompts = requests.map(({ prompt, topic }) => `${topic}: ${prompt}`);
    expect(prompts).toEqual(prompts.map((_, i) => prompts[i - (i % 3)]));
    expect(new Set(requests.map(({ topic }) => topic)).size).toBe(4);
    const uses = requests.filter((_, i) => i % 3 === 0).flatMap(({ demonstrations }) => demonstrations);
    for (const { id } of seeds) expect([2, 3]).toContain(uses.filter((one) => one === id).length);
  });

  it('asks one text of a prompt for what it asks the first of several', async () => {
    const request = async (textsPerPrompt: number) => {
      const settings = synthesizeSchema.parse({ chunk: 1, textsPerPrompt });
      const { value: chunk } = await synthesize(makeInput({ settings }), new FakeModel({ write })).next();
      return chunk?.requests[0];
    };
    expect(await request(2)).toEqual(await request(1));
  });

  it('asks for topics by a chat, too', async () => {
    const topics = [{ topic: 'bees', field: 'animals' }];
    const settings = synthesizeSchema.parse({ chunk: 1, form: 'chat' });
    const text = 'Task 6:\nTopic: bees\nInstruction: Describe the dance of bees.\nInput: none';
    const [chunk] = await all(makeInput({ settings, topics, target: 1 }), new FakeModel({ write: () => text }));
    expect(chunk?.requests[0]?.prompt).toMatch(/The topic of task 6 is bees; [^\n]+$/);
    expect(chunk?.candidates).toMatchObject([
      { instruction: 'Describe the dance of bees.', source: { topic: 'bees' } },
    ]);
  });

  it.each([
    ['topics', { topics: ['bees', 'tides', 'bread'].map((topic) => ({ topic, field: topic })) }],
    ['a reuse penalty', { settings: synthesizeSchema.parse({ chunk: 4, reusePenalty: 1 }) }],
    [
      'several texts of a prompt',
      { settings: synthesizeSchema.parse({ chunk: 4, textsPerPrompt: 2, reusePenalty: 1 }) },
    ],
    ['outputs', { settings: synthesizeSchema.parse({ chunk: 4, showOutputs: true }) }],
    ['perplexity', { measures: { by: 'perplexity', perplexity: { 'seed-1': 2, 'seed-2': 9, 'seed-5': 4 } } }],
    ['density', { measures: { by: 'density', cluster: { 'seed-1': 0, 'seed-2': 0, 'seed-5': 1, 'seed-7': 2 } } }],
  ] as [string, Partial<SynthesizeInput>][])(
    'with %s continues after any chunk as it would have gone on',
    async (_, over) => {
      const whole = await all(makeInput(over), new FakeModel({ write }));
      expect(whole.length).toBeGreaterThan(2);
      for (let done = 0; done <= whole.length; done++) {
        const rest = await all(makeInput({ ...over, earlier: whole.slice(0, done) }), new FakeModel({ write }));
        expect(rest).toEqual(whole.slice(done));
      }
    },
  );

  describe('with a quirk of the released code', () => {
    const tasks = (...texts: string[]) =>
      texts.map((text, i) => `${i === 0 ? '' : `Task ${i + 6}:`} ${text}`).join('\n\n');
    async function read(text: string, stop: StopReason, quirks: object) {
      const settings = synthesizeSchema.parse({ chunk: 1 });
      const model = new FakeModel({ write: () => ({ text, stop }) });
      const over = { settings, quirks: quirksSchema.parse(quirks), target: 3 };
      const { value: chunk } = await synthesize(makeInput(over), model).next();
      if (chunk === undefined) throw new Error('it gave no chunk');
      const instructions = chunk.candidates.map(({ instruction }) => instruction);
      return { stops: model.generated[0]?.[0]?.stop, instructions, unparsed: chunk.unparsed };
    }

    it('stop17: any 17 ends a text, and the task that it cuts is lost', async () => {
      const text = tasks('Name the birds of the north.\nInput: none', 'Explain what happened in ');
      const { stops, instructions, unparsed } = await read(text, 'string', { stop17: true });
      expect(stops).toEqual(['\nTask 17:', '\n###', '17']);
      expect(instructions).toEqual(['Name the birds of the north.']);
      expect(unparsed).toEqual({ unfinished: 1 });
    });

    it('stop17: the header of task 17 ends a list that is whole', async () => {
      const text = `${tasks('Name the birds of the north.\nInput: none', 'Sort the birds by size.\nInput: owl, emu')}\n\nTask `;
      const { instructions, unparsed } = await read(text, 'string', { stop17: true });
      expect(instructions).toEqual(['Name the birds of the north.', 'Sort the birds by size.']);
      expect(unparsed).toEqual({});
    });

    it('dropLastTask: the last task is lost, however the text ended', async () => {
      const text = tasks('Name the birds of the north.\nInput: none', 'Sort the birds by size.\nInput: owl, emu');
      for (const [stop, reason] of [
        ['end', 'last-task'],
        ['string', 'last-task'],
        ['length', 'unfinished'],
        ['repetition', 'unfinished'],
      ] as const) {
        const { instructions, unparsed } = await read(text, stop, { dropLastTask: true });
        expect(instructions).toEqual(['Name the birds of the north.']);
        expect(unparsed).toEqual({ [reason]: 1 });
      }
    });
  });

  it('has texts that go round in circles cut off', async () => {
    const model = new FakeModel({ write: () => ' Sing.\nInput: none' });
    const settings = synthesizeSchema.parse({ chunk: 2, stopAtRepetition: 20 });
    await synthesize(makeInput({ settings, target: 3 }), model).next();
    expect(model.generated.flat().map(({ stopAtRepetition }) => stopAtRepetition)).toEqual([20, 20]);
  });

  it('gives up with reasons and an example where the model writes nothing usable', async () => {
    const model = new FakeModel({ write: () => ' Sing.\nInput: none\n\nTask 7:\n' });
    const settings = synthesizeSchema.parse({ chunk: 32 });
    await expect(all(makeInput({ settings, target: 1000 }), model)).rejects.toMatchObject({
      code: 'nothing-usable',
      message:
        'the last 64 requests gave 0 usable instructions, fewer than synthesize.minYield (0.05 a request); ' +
        'dropped: 64 no-instruction, 64 too-short; ' +
        'the model wrote, for example: " Sing.\\nInput: none\\n\\nTask 7:\\n"',
    });
    expect(model.generated).toHaveLength(2);
  });

  it('gives up where a model runs dry after a good start', async () => {
    let requests = 0;
    const model = new FakeModel({ write: (request) => (requests++ < 8 ? write(request) : '') });
    await expect(all(makeInput({ target: 1000 }), model)).rejects.toMatchObject({ code: 'nothing-usable' });
    expect(requests).toBeLessThan(100);
  });
});
