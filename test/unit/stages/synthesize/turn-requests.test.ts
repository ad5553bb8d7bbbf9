// Synthesis in which the model writes the user's turn.
import { describe, expect, it } from 'vitest';

import { quirksSchema } from '../../../../src/config/schema.js';
import { synthesizeSchema } from '../../../../src/config/synthesize-schema.js';
import { countRejections, isKept } from '../../../../src/shared/verdicts.js';
import { createScreen } from '../../../../src/stages/filter/screen.js';
import {
  synthesize,
  type SynthesizeChunk,
  type SynthesizeInput,
} from '../../../../src/stages/synthesize/synthesize.js';
import { readTurn } from '../../../../src/stages/synthesize/turn-requests.js';
import { FakeModel } from '../../../support/fake-model.js';

const seeds = [{ id: 'seed-1', instruction: 'Name three rivers of Europe.', input: '', output: 'a' }];

function makeInput(over: Partial<SynthesizeInput> = {}): SynthesizeInput {
  const settings = synthesizeSchema.parse({ method: 'turn', begun: 0, chunk: 4, maxTokens: 77, temperature: 0.9 });
  const screen = createScreen({ appliesTo: 'candidate', novelty: 0.7, against: seeds });
  const quirks = quirksSchema.parse({});
  return { seeds, iteration: 2, seed: 1, target: 6, settings, quirks, screen, earlier: [], ...over };
}

async function all(input: SynthesizeInput, model: FakeModel): Promise<SynthesizeChunk[]> {
  const chunks: SynthesizeChunk[] = [];
  for await (const chunk of synthesize(input, model)) chunks.push(chunk);
  return chunks;
}

const asks = ({ seed }: { seed: number }) => `\nCan you invent word${seed}x1\nfor term${seed}y1 and place${seed}z1?`;

describe('the turn of a user', () => {
  it('is asked for without any words of ours, each time by its own random stream', async () => {
    const model = new FakeModel({ write: asks });
    const chunks = await all(makeInput(), model);
    const asked = model.generated.flat();
    expect(asked.map(({ prompt }) => prompt)).toEqual(Array(6).fill({ turn: 'user' }));
    expect(asked.map(({ id, maxTokens, stop }) => [id, maxTokens, stop])).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => [`s-2-${number}`, 77, []]),
    );
    expect(new Set(asked.map(({ seed }) => seed)).size).toBe(6);
    const candidates = chunks.flatMap((chunk) => chunk.candidates);
    expect(candidates.filter(isKept)).toHaveLength(6);
    expect(candidates[0]).toMatchObject({ id: 'c-2-1', input: '', source: { request: 's-2-1', number: 1 } });
    expect(candidates[0]?.instruction).toMatch(/^Can you invent word\d+x1 for term\d+y1 and place\d+z1\?$/u);
    expect(chunks[0]?.requests[0]).toMatchObject({ demonstrations: [], prompt: '' });
  });

  it('is begun with the first words of a seed as often as asked, and they are part of the instruction', async () => {
    const settings = synthesizeSchema.parse({ method: 'turn', chunk: 32, begun: 0.5 });
    const more = [...seeds, { id: 'seed-2', instruction: 'Explain\ntides to a child.', input: '', output: '' }];
    const model = new FakeModel({ write: ({ seed }) => ` place${seed}x1 beside river${seed}y1 with bridge${seed}z1` });
    const [chunk] = await all(makeInput({ seeds: more, settings, target: 64 }), model);
    const asked = model.generated.flat().slice(0, 32);
    const begun = asked.flatMap(({ prompt }) => ('turn' in prompt ? (prompt.begins ?? []) : []));
    expect(begun.length).toBeGreaterThan(8);
    expect(begun.length).toBeLessThan(24);
    expect(new Set(begun)).toEqual(new Set(['Name three', 'Explain tides']));
    chunk?.requests.forEach((request, i) => {
      const { prompt } = asked[i] as (typeof asked)[number];
      const words = 'turn' in prompt ? prompt.begins : undefined;
      expect(request.prompt).toBe(words ?? '');
      const shown = words === undefined ? [] : [words === 'Name three' ? 'seed-1' : 'seed-2'];
      expect(request.demonstrations).toEqual(shown);
      const candidate = chunk.candidates.find(({ source }) => source?.request === request.id);
      expect(candidate?.instruction.startsWith(`${words ?? ''} place`.trim())).toBe(true);
    });
  });

  it('goes on after the chunks that are there as without a break', async () => {
    const whole = await all(makeInput({ target: 8 }), new FakeModel({ write: asks }));
    const rest = await all(makeInput({ target: 8, earlier: whole.slice(0, 1) }), new FakeModel({ write: asks }));
    expect([...whole.slice(0, 1), ...rest]).toEqual(whole);
  });

  it('passes the filters as any other candidate does', async () => {
    const texts = ['Name three rivers of Europe.', 'What is the tallest mountain of the Alps called?'];
    const model = new FakeModel({ write: ({ seed }) => texts[seed % 2] ?? '' });
    const run = all(makeInput({ target: 2 }), model);
    await expect(run).rejects.toMatchObject({ code: 'nothing-usable' });
    const [first] = await all(makeInput({ target: 1 }), new FakeModel({ write: () => texts[1] ?? '' }));
    expect(countRejections(first?.candidates ?? [])).toEqual({});
  });

  it('is refused of a model without a chat template', async () => {
    const model = Object.assign(new FakeModel(), { hasChatTemplate: false });
    await expect(all(makeInput(), model)).rejects.toMatchObject({
      code: 'bad-config',
      message: 'synthesize.method is "turn" and the model has no chat template',
    });
  });
});

describe('what a model wrote as a user', () => {
  it.each([
    ['one paragraph', '\n Plan a trip\nto Lisbon. ', 'Plan a trip to Lisbon.', ''],
    ['a text behind it', 'Correct this.\n\nA apple.\n\nTwo apple.', 'Correct this.', 'A apple.\n\nTwo apple.'],
  ])('is a task: %s', (_what, text, instruction, input) => {
    expect(readTurn(text, 'end')).toEqual({ tasks: [{ number: 1, instruction, input }], unparsed: [] });
  });

  it.each([
    ['cut at its length', 'Plan a trip to', 'length', 'unfinished'],
    ['going round in circles', 'Plan a trip, and a trip, and a trip', 'repetition', 'unfinished'],
    ['empty', ' \n ', 'end', 'no-instruction'],
  ] as const)('is none where it is %s', (_what, text, stop, reason) => {
    expect(readTurn(text, stop)).toEqual({ tasks: [], unparsed: [reason] });
  });
});
