// Synthesis that starts from a person's own instructions, or draws tasks from documents.
import { describe, expect, it } from 'vitest';

import { quirksSchema } from '../../../../src/config/schema.js';
import { synthesizeSchema } from '../../../../src/config/synthesize-schema.js';
import type { SeedTask } from '../../../../src/shared/rows.js';
import { isKept } from '../../../../src/shared/verdicts.js';
import { namedFilters } from '../../../../src/config/filters.js';
import { createScreen } from '../../../../src/stages/filter/screen.js';
import type { Passage } from '../../../../src/stages/synthesize/load-documents.js';
import {
  synthesize,
  type SynthesizeChunk,
  type SynthesizeInput,
} from '../../../../src/stages/synthesize/synthesize.js';
import { FakeModel, promptText } from '../../../support/fake-model.js';

const seeds: SeedTask[] = Array.from({ length: 8 }, (_, i) => ({
  id: `seed-${i}`,
  instruction: `Seed instruction number ${i} about topic${i}.`,
  input: i < 6 ? `Seed input ${i} with a dozen words so that it counts as a text.` : 'short',
  output: 'secret answer',
}));
const passages: Passage[] = Array.from({ length: 4 }, (_, i) => ({
  file: 'book.md',
  number: i + 1,
  text: `Passage ${i} at https://example.org has a file.`,
}));
const instruction = (i: number) => `Own instruction word${i}a word${i}b word${i}c.`;

function makeInput(over: Partial<SynthesizeInput> = {}): SynthesizeInput {
  const settings = synthesizeSchema.parse({ chunk: 3, demonstrations: 2 });
  const screen = createScreen({ appliesTo: 'candidate', novelty: 0.7, against: seeds });
  const quirks = quirksSchema.parse({});
  return { seeds, iteration: 2, seed: 1, target: 10, settings, quirks, screen, earlier: [], ...over };
}

function own(instructions: readonly string[]): NonNullable<SynthesizeInput['own']> {
  const rules = namedFilters(['default']).filter((name) => name !== 'novelty');
  return {
    instructions: instructions.map((text, i) => ({ instruction: text, input: '', own: i + 1 })),
    screen: createScreen({ rules, appliesTo: 'candidate', novelty: 0.7 }),
  };
}

const fromDocuments = (over: Record<string, unknown> = {}) => ({
  settings: synthesizeSchema.parse({ method: 'documents', chunk: 3, demonstrations: 2, ...over }),
  passages,
});

async function all(input: SynthesizeInput, model: FakeModel): Promise<SynthesizeChunk[]> {
  const chunks: SynthesizeChunk[] = [];
  for await (const chunk of synthesize(input, model)) chunks.push(chunk);
  return chunks;
}

const list = ({ seed }: { seed: number }) => ` Invent word${seed}x1 and show term${seed}y1.\nInput: none`;
const task = ({ seed }: { seed: number }) => ` Explain word${seed}x and word${seed}y.`;
const reasons = (chunks: readonly SynthesizeChunk[]) =>
  chunks.flatMap((chunk) => chunk.candidates).map(({ verdicts }) => verdicts.find((one) => one.rejected)?.reason);

describe("a person's own instructions", () => {
  it('are chunk 0, asked of nobody, and the model writes the rest', async () => {
    const model = new FakeModel({ write: list });
    const [first, second] = await all(makeInput({ own: own([0, 1, 2].map(instruction)), target: 5 }), model);
    expect(first).toMatchObject({ index: 0, requests: [], unparsed: {} });
    expect(first?.candidates.map(({ id, source }) => [id, source])).toEqual([
      ['c-2-1', { own: 1 }],
      ['c-2-2', { own: 2 }],
      ['c-2-3', { own: 3 }],
    ]);
    expect(second?.candidates[0]).toMatchObject({ id: 'c-2-4', source: { request: 's-2-1', number: 3 } });
    // Two are missing, and two a request are hoped for: the three of chunk 0 are no yield of requests.
    expect(model.generated.map((requests) => requests.length)).toEqual([1, 1]);
  });

  it('ask the model for nothing where there are enough, and those after the target are rejected as such', async () => {
    const model = new FakeModel({ write: list });
    const chunks = await all(makeInput({ own: own([0, 1, 2].map(instruction)), target: 2 }), model);
    expect(reasons(chunks)).toEqual([undefined, undefined, 'target-reached']);
    expect(model.generated).toEqual([]);
  });

  it('pass the filters but for novelty: like a seed or each other is no fault, the same twice is', async () => {
    const texts = [
      seeds[0]?.instruction ?? '',
      instruction(1),
      `${instruction(1)} Now.`,
      instruction(1),
      'Draw a map.',
      'Go.',
    ];
    const chunks = await all(makeInput({ own: own(texts), ...none }), new FakeModel());
    expect(reasons(chunks)).toEqual([undefined, undefined, undefined, 'repeated-in-file', 'too-short', 'too-short']);
  });

  it('are known to novelty, so that the model writes others', async () => {
    const written = ['Invent word1 and show term1 to everybody.', 'Invent word2 and show term2 to nobody.'];
    const model = new FakeModel({ write: ({ seed }) => ` ${written[seed % 2]}\nInput: none` });
    const chunks = await all(makeInput({ own: own(written.slice(0, 1)), target: 2 }), model);
    const kept = chunks.flatMap((chunk) => chunk.candidates).filter(isKept);
    expect(kept.map(({ instruction: text }) => text)).toEqual(written);
  });

  it('are all there is with the method none, and an error where the filters leave none of them', async () => {
    const model = new FakeModel();
    expect((await all(makeInput({ own: own([instruction(1)]), ...none }), model)).length).toBe(1);
    await expect(all(makeInput({ own: own(['Go.', 'Stop.', 'Go.']), ...none }), model)).rejects.toMatchObject({
      code: 'nothing-usable',
      message: 'the filters rejected all 3 instructions of own.instructions: 2 too-short, 1 repeated-in-file',
    });
    expect(model.generated).toEqual([]);
  });

  it('do not hide a model that writes nothing usable', async () => {
    const settings = synthesizeSchema.parse({ chunk: 32 });
    const input = makeInput({ own: own(Array.from({ length: 50 }, (_, i) => instruction(i))), target: 1000, settings });
    const model = new FakeModel({ write: () => ' Sing.\nInput: none' });
    await expect(all(input, model)).rejects.toMatchObject({ message: /^the last 64 requests gave 0 usable/ });
  });
});

const none = { settings: synthesizeSchema.parse({ method: 'none' }) };

describe('tasks from documents', () => {
  it('have the passage as their input, and say which it was', async () => {
    const model = new FakeModel({ write: task });
    const [chunk] = await all(makeInput({ ...fromDocuments(), target: 1 }), model);
    const [request, candidate] = [chunk?.requests[0], chunk?.candidates[0]];
    const shown = passages.find(({ number }) => number === request?.passage?.number);
    expect(request?.passage).toEqual({ file: 'book.md', number: shown?.number });
    expect(candidate).toMatchObject({
      input: shown?.text,
      source: { request: 's-2-1', number: 1, passage: request?.passage },
    });
    expect(candidate?.instruction).toMatch(/^Explain word\d+x and word\d+y\.$/);
  });

  it('are asked for by texts with a task each, of seeds whose input is a text, and the passage last', async () => {
    const model = new FakeModel({ write: task });
    const [chunk] = await all(makeInput({ ...fromDocuments({ demonstrations: 8 }), target: 1 }), model);
    const request = chunk?.requests[0];
    expect([...(request?.demonstrations ?? [])].sort()).toEqual(seeds.slice(0, 6).map(({ id }) => id));
    expect(request?.prompt).toMatch(
      /\n\nText 6:\nSeed input \d .*\nTask: Seed instruction .*\n\nText 7:\nPassage .*\nTask:$/,
    );
    expect(request?.prompt).not.toContain('secret');
    expect(model.generated[0]?.[0]?.stop).toEqual(['\n\n', '\n###']);
  });

  it('show every passage before any again, in an order of the seed', async () => {
    const orderOf = async (seed: number) => {
      const chunks = await all(makeInput({ ...fromDocuments(), seed, target: 8 }), new FakeModel({ write: task }));
      return chunks.flatMap(({ requests }) => requests).map(({ passage }) => passage?.number ?? 0);
    };
    const order = await orderOf(1);
    expect(order).toHaveLength(8);
    expect([order.slice(0, 4), order.slice(4)].map((round) => [...round].sort())).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    expect(await orderOf(2)).not.toEqual(order);
  });

  it('are judged by their instruction: a passage may hold what a model must not make up', async () => {
    const write = ({ seed }: { seed: number }) => `${task({ seed })}\nTask: Draw word${seed}z for the children.`;
    const chunks = await all(makeInput({ ...fromDocuments(), target: 2 }), new FakeModel({ write }));
    expect(reasons(chunks)).toEqual([undefined, 'needs-media', undefined, 'target-reached']);
  });

  it('are asked for in a chat, or kept to their form, where that is wanted', async () => {
    const write = (request: { seed: number }) =>
      `Sure:\n\nTask:${task(request)}\nTask:${task({ seed: -request.seed })}`;
    const model = new FakeModel({ write });
    const settings = fromDocuments({ form: 'chat', constrained: true, maxTasks: 2 });
    const [chunk] = await all(makeInput({ ...settings, target: 2 }), model);
    expect(chunk?.candidates).toHaveLength(2);
    const [asked] = model.generated[0] ?? [];
    expect(asked && promptText(asked)).toMatch(/\n\nWrite up to 2 different tasks on text 3, [^\n]+$/);
    expect(asked?.grammar).toMatch(/^root ::= "Task:" task-1\n/);
  });

  it('come after the own ones, and whole or continued after any chunk are the same', async () => {
    const input = () => makeInput({ ...fromDocuments(), own: own([instruction(0), instruction(1)]), target: 9 });
    const whole = await all(input(), new FakeModel({ write: task }));
    expect(whole.length).toBeGreaterThan(2);
    for (let done = 0; done <= whole.length; done++) {
      const rest = await all({ ...input(), earlier: whole.slice(0, done) }, new FakeModel({ write: task }));
      expect(rest).toEqual(whole.slice(done));
    }
  });
});
