// IFEval as a benchmark: its files, the model's answers, the four figures.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import type { FailedRequest } from '../../../../../src/engine/engine.js';
import { toJsonLines } from '../../../../../src/shared/jsonl.js';
import { ifeval, type IfevalItem } from '../../../../../src/stages/evaluate/benchmarks/ifeval.js';
import { FakeModel } from '../../../../support/fake-model.js';
import { temporaryFolder } from '../../../../support/temporary-folder.js';

const settings = { seed: 1 };
const rows = [
  {
    key: 7,
    prompt: 'Name a bird and a tree, without commas, in three words at least.',
    instruction_id_list: ['punctuation:no_comma', 'length_constraints:number_words'],
    kwargs: [{}, { num_words: 3, relation: 'at least' }],
  },
  { key: 'b', prompt: 'Give it a title.', instruction_id_list: ['detectable_format:title'], kwargs: [{}] },
];

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

function file(name: string, content: readonly unknown[]): string {
  const at = path.join(folder, name);
  writeFileSync(at, toJsonLines(content));
  return at;
}

const read = (content: readonly unknown[] = rows): IfevalItem[] =>
  ifeval.readItems({ data: file('data.jsonl', content) }, settings);

const readAnswers = (content: readonly unknown[]) => ifeval.readAnswers?.(file('responses.jsonl', content), read());

function thrownMessage(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('the data file', () => {
  it('gives items by their keys as texts', () => {
    expect(read().map(({ id }) => id)).toEqual(['7', 'b']);
    expect(read()[0]?.instructions[1]).toEqual({
      id: 'length_constraints:number_words',
      kwargs: { num_words: 3, relation: 'at least' },
    });
  });

  it('may give each instruction the kwargs of all, null where they are not its own', () => {
    const kwargs = { num_words: null, relation: null, end_phrase: null };
    const [first, second] = read([rows[0], { ...rows[1], kwargs: [kwargs] }]);
    expect(first?.instructions[1]?.kwargs).toEqual({ num_words: 3, relation: 'at least' });
    expect(second?.instructions[0]?.kwargs).toEqual({});
  });

  it('is refused with all that is wrong', () => {
    const message = thrownMessage(() =>
      read([
        { ...rows[1], key: 7 },
        rows[0],
        { ...rows[1], key: 1, prompt: undefined },
        { ...rows[1], key: 2, instruction_id_list: ['detectable_format:titel'] },
        { ...rows[1], key: 3, kwargs: [] },
        { ...rows[0], key: 4, kwargs: [{}, { num_words: 'three', relation: 'about' }] },
        { ...rows[0], key: 5, kwargs: [{}, { num_words: null, relation: 'less than' }] },
        { ...rows[1], key: 6, instruction_id_list: ['language:response_language'], kwargs: [{ language: 'xx' }] },
        { ...rows[1], key: null },
      ]),
    );
    const lines = [
      ':2: id "7" is that of line 1 already',
      ':3: prompt is missing',
      ':4: instruction_id_list.0: there is no instruction "detectable_format:titel". Did you mean detectable_format:title?',
      ':5: kwargs: there are 0 for 1 instructions',
      ':6: kwargs.1.num_words must be a',
      'kwargs.1.relation',
      ':7: kwargs.1.num_words must be a',
      ':8: kwargs.0.language: is no language that can be told, such as "de"',
      ':9: key: must be a whole number or a text',
    ];
    expect(message).toContain('8 bad lines');
    for (const line of lines) expect(message).toContain(line);
  });
});

describe('responses of another program', () => {
  const response = 'a b c';

  it('join by prompt, id or key, and items without one are left out', () => {
    const [first, second] = read();
    expect(readAnswers([{ prompt: rows[1]?.prompt, response }])).toEqual({ items: [second], answers: [response] });
    expect(readAnswers([{ key: 7, response }])).toEqual({ items: [first], answers: [response] });
    expect(
      readAnswers([
        { id: 'b', response: 'x' },
        { id: '7', response },
      ]),
    ).toEqual({ items: [first, second], answers: [response, 'x'] });
  });

  it('are refused with all that do not join', () => {
    const message = thrownMessage(() =>
      readAnswers([
        { id: '8', response },
        { prompt: 'Give it a name.', response },
        { response },
        { id: 'b' },
        { prompt: rows[0]?.prompt, response },
        { key: 7, response },
      ]),
    );
    const lines = [
      ':1: there is no item "8"',
      ':2: no item has the prompt "Give it a name."',
      ':3: none of id, key and prompt says which item it answers',
      ':4: response is missing',
      ':6: id "7" is that of line 5 already',
    ];
    expect(message).toContain('5 bad lines');
    for (const line of lines) expect(message).toContain(line);
  });

  it('do not join a prompt that two items have', () => {
    const items = read([rows[1], { ...rows[1], key: 'c' }]);
    const responses = file('responses.jsonl', [{ prompt: rows[1]?.prompt, response }]);
    expect(thrownMessage(() => ifeval.readAnswers?.(responses, items))).toContain('items b and c have this prompt');
  });
});

describe('the model', () => {
  it('is asked by its chat template, greedily', async () => {
    const model = new FakeModel({ write: () => 'A robin' });
    expect(await ifeval.answer(read(), model, settings, {})).toEqual(['A robin', 'A robin']);
    const [request] = model.generated[0] ?? [];
    expect(request?.prompt).toEqual({ messages: [{ role: 'user', content: rows[0]?.prompt }] });
    expect(request).toMatchObject({ maxTokens: 1280, stop: [], sampling: { temperature: 0 } });
  });

  it('without one is asked in plain text, which ends at the next task', async () => {
    const model = new FakeModel({ hasChatTemplate: false });
    await ifeval.answer(read(), model, { ...settings, maxTokens: 9, temperature: 0.5 }, {});
    const [request] = model.generated[0] ?? [];
    expect(request?.prompt).toEqual({ text: `Task:\n${rows[0]?.prompt ?? ''}\n\nAnswer:\n` });
    expect(request).toMatchObject({ maxTokens: 9, stop: ['\nTask:', '\nAnswer:'], sampling: { temperature: 0.5 } });
  });
});

describe('the score', () => {
  const failed: FailedRequest = { id: 'b', error: { code: 'bad-input', message: 'the prompt is too long' } };
  const score = (answers: (string | FailedRequest)[]) =>
    ifeval.score(read(), answers, { settings, call: {}, files: {} });

  it('has a verdict for each instruction, strict and loose', async () => {
    const [first, second] = await score(['Sure, here:\na robin and an oak', 'Here: <<Oak>>']);
    expect(first?.details).toEqual({
      strict: [false, true],
      loose: [true, true],
      instructions: ['punctuation:no_comma', 'length_constraints:number_words'],
      response: 'Sure, here:\na robin and an oak',
    });
    expect(first?.shares).toMatchObject({
      prompt_strict: { value: 0, weight: 1 },
      instruction_strict: { value: 100, weight: 2 },
      prompt_loose: { value: 100, weight: 1 },
      instruction_loose: { value: 200, weight: 2 },
    });
    expect(second?.details).toMatchObject({ strict: [true], loose: [true] });
  });

  it('has an average that is the mean of the four figures', async () => {
    const results = await score(['Sure, here:\na robin and an oak', 'none']);
    const figure = (name: string) => {
      const shares = results.map((result) => result.shares[name] ?? { value: NaN, weight: NaN });
      return shares.reduce((sum, { value }) => sum + value, 0) / shares.reduce((sum, { weight }) => sum + weight, 0);
    };
    const [average = '', ...four] = ifeval.metrics.map(({ name }) => name);
    expect(average).toBe('average');
    expect(four.map(figure)).toEqual([0, 100 / 3, 50, 200 / 3]);
    expect(figure(average)).toBeCloseTo(37.5, 10);
  });

  it('counts an answer that failed as wrong, and says why', async () => {
    const [, second] = await score(['a b c', failed]);
    expect(second?.details).toMatchObject({ strict: [false], loose: [false], error: 'the prompt is too long' });
  });
});
