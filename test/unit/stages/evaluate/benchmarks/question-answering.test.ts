// SQuAD 2.0, TriviaQA and Natural Questions: their files, prompts, predictions of other programs, and scores.
import { describe, expect, it } from 'vitest';

import { toJsonLines } from '../../../../../src/shared/jsonl.js';
import type { EvaluateSettings, ScoringTools } from '../../../../../src/stages/evaluate/benchmark.js';
import { nqOpen } from '../../../../../src/stages/evaluate/benchmarks/nq-open.js';
import { squad2 } from '../../../../../src/stages/evaluate/benchmarks/squad2.js';
import { triviaqa } from '../../../../../src/stages/evaluate/benchmarks/triviaqa.js';
import { FakeModel } from '../../../../support/fake-model.js';
import { temporaryFile } from '../../../../support/temporary-folder.js';

const settings: EvaluateSettings = { seed: 1 };
const tools: ScoringTools = { settings, call: {}, files: {} };
const failed = { id: 'x', error: { code: 'bad-input', message: 'the prompt is too long' } } as const;

describe('squad2', () => {
  const qa = (id: string, ...answers: string[]) => ({
    ...{ id, question: `What of ${id}?`, is_impossible: answers.length === 0 },
    answers: answers.map((text) => ({ text, answer_start: 0 })),
  });
  const paragraphs = [
    { context: 'Ants dig. Bees fly.', qas: [qa('a', 'dig', 'they dig'), qa('b', 'the flight')] },
    { context: 'Cats sleep.', qas: [qa('c', 'sleep'), qa('d')] },
    { context: 'Dogs run. Eels swim.', qas: [qa('e', 'run'), qa('f'), qa('g', 'The')] },
  ];
  const file = (all: object[] = paragraphs) =>
    temporaryFile('dev.json', JSON.stringify({ version: 'v2.0', data: [{ title: 'Animals', paragraphs: all }] }));
  const read = (shots = 0) => squad2.readItems({ data: file() }, { ...settings, shots });

  it('asks of a paragraph, questions of one sharing a cluster', () => {
    const items = read();
    expect(items.map(({ id, cluster }) => [id, cluster])).toEqual(
      [['a', '0/0'], ['b', '0/0'], ['c', '0/1'], ['d', '0/1'], ['e', '0/2'], ['f', '0/2'], ['g', '0/2']], // prettier-ignore
    );
    expect(items[0]?.prompt).toBe(
      'Title: Animals\n\nBackground: Ants dig. Bees fly.\n\nQuestion: What of a?\n\nAnswer:',
    );
  });

  it('shows questions with and without an answer first, and asks nothing of their paragraphs', () => {
    const items = read(2);
    expect(items.map(({ id }) => id)).toEqual(['e', 'f', 'g']);
    expect(items[0]?.prompt.match(/Question: .*\n\nAnswer:.*/g)).toEqual([
      'Question: What of a?\n\nAnswer: dig',
      'Question: What of d?\n\nAnswer: unanswerable',
      'Question: What of e?\n\nAnswer:',
    ]);
  });

  it('stops at a line end, and takes the word for no answer as none', async () => {
    const model = new FakeModel({ write: ({ id }) => (id === 'd' ? ' Unanswerable.' : ' dig ') });
    const answers = await squad2.answer(read(), model, settings, {});
    expect(answers).toEqual(['dig', 'dig', 'dig', '', 'dig', 'dig', 'dig']);
    expect(model.generated[0]?.[0]).toMatchObject({ stop: ['\n'], sampling: { temperature: 0 } });
  });

  it('asks in plain text, and in one message where a person wants that', async () => {
    const model = new FakeModel({ write: () => 'dig' });
    const [item] = read();
    await squad2.answer([item as NonNullable<typeof item>], model, settings, {});
    await squad2.answer([item as NonNullable<typeof item>], model, { ...settings, form: 'chat' }, {});
    const text = 'Title: Animals\n\nBackground: Ants dig. Bees fly.\n\nQuestion: What of a?\n\nAnswer:';
    expect(model.generated.map(([request]) => request?.prompt)).toEqual([
      { text },
      { messages: [{ role: 'user', content: text }] },
    ]);
  });

  it('scores answered and unanswerable questions together and apart', async () => {
    const [a, b, , d, , f, g] = read();
    const items = [a, b, d, f, g].flatMap((item) => item ?? []);
    const results = await squad2.score(items, ['They dig!', 'flight of bees', '', 'no', ''], tools);
    const values = results.map(({ shares }) =>
      Object.fromEntries(Object.entries(shares).map(([name, { value }]) => [name, Math.round(value)])),
    );
    expect(values).toEqual([
      { exact: 100, f1: 100, HasAns_exact: 100, HasAns_f1: 100 },
      { exact: 0, f1: 50, HasAns_exact: 0, HasAns_f1: 50 },
      { exact: 100, f1: 100, NoAns_exact: 100, NoAns_f1: 100 },
      { exact: 0, f1: 0, NoAns_exact: 0, NoAns_f1: 0 },
      { exact: 100, f1: 100, HasAns_exact: 100, HasAns_f1: 100 }, // its only gold answer is empty once normalized
    ]);
  });

  it('counts a failed request as wrong, also where nothing would be right', async () => {
    const [result] = await squad2.score(read().slice(3, 4), [failed], tools);
    expect(result?.shares.NoAns_exact).toEqual({ value: 0, weight: 1 });
    expect(result?.details.error).toBe('the prompt is too long');
  });

  it('takes official predictions, leaves out what they lack, and refuses what does not join', () => {
    const answered = squad2.readAnswers?.(temporaryFile('p.json', '{"d": "", "a": "dig"}'), read());
    expect(answered?.items.map(({ id }) => id)).toEqual(['d', 'a']);
    expect(answered?.answers).toEqual(['', 'dig']);
    const lines = temporaryFile('p.jsonl', toJsonLines([{ id: 'b', response: 'flight' }]));
    expect(squad2.readAnswers?.(lines, read()).answers).toEqual(['flight']);
    const unknown = temporaryFile('p.json', '{"a": "dig", "y": "", "z": ""}');
    expect(() => squad2.readAnswers?.(unknown, read())).toThrow(/there is no item "y"; there is no item "z"/);
    expect(() => squad2.readAnswers?.(temporaryFile('p.json', '{"a": 1, "b": 2}'), read())).toThrow(/a: .*; b: /);
    expect(() => squad2.readAnswers?.(temporaryFile('p.jsonl', '{"id": "a"}\nno\n'), read())).toThrow(/2 bad lines/);
  });

  it('refuses a bad file with all that is wrong', () => {
    const bad = [
      {
        context: 'x',
        qas: [
          { id: 'a', question: 'Q?' },
          { question: 'Q?', answers: [] },
        ],
      },
    ];
    const readBad = (all: object[]) => squad2.readItems({ data: file(all) }, settings);
    expect(() => readBad(bad)).toThrow(/qas\.0\.answers: .*; .*qas\.1\.id: /);
    expect(() => readBad([...paragraphs, ...paragraphs])).toThrow(
      /the id "a" is there again; the id "b" is there again/,
    );
    expect(() => readBad([])).toThrow(/holds no items/);
  });
});

describe('triviaqa', () => {
  const official = (ids: readonly string[]) =>
    temporaryFile(
      'qa.json',
      JSON.stringify({
        Data: ids.map((id) => ({
          ...{ QuestionId: id, Question: `Who is ${id}?` },
          Answer: { Value: 'Ann Lee', NormalizedAliases: ['ann lee', 'a lee'], HumanAnswers: ['Annie'] },
        })),
      }),
    );
  const read = (ids = ['q1', 'q2', 'q3'], shots = 0) =>
    triviaqa.readItems({ data: official(ids) }, { ...settings, shots });

  it('reads three forms, the first items as examples', () => {
    const foundry = { context: 'Question: Who?\nAnswer:', answer: 'Ann', aliases: ['Ann', 'Annie'] };
    const hub = { question: 'Name her', question_id: 'h1', answer: { value: 'Ann', normalized_aliases: ['ann'] } };
    const items = triviaqa.readItems(
      { data: temporaryFile('t.jsonl', toJsonLines([foundry, hub])) },
      { seed: 1, shots: 1 },
    );
    expect(items).toEqual([
      { id: 'h1', prompt: 'Question: Who?\nAnswer: Ann\n\nQuestion: Name her?\nAnswer:', golds: ['ann'] },
    ]);
    expect(read()[1]).toEqual({
      id: 'q2',
      prompt: 'Question: Who is q2?\nAnswer:',
      golds: ['ann lee', 'a lee', 'Annie'],
    });
    expect(read(undefined, 2).map(({ id }) => id)).toEqual(['q3']);
    expect(() => read(undefined, 3)).toThrow(/has 3 items, too few for 3 examples/);
    expect(() => read(['q1', 'q2', 'q1'])).toThrow(/the id "q1" is there again/);
  });

  it('takes predictions by question and document, and counts a question without one as wrong', async () => {
    const file = temporaryFile('p.json', JSON.stringify({ 'q1--A.txt': 'Ann Lee', 'q1--B.txt': 'Bea', q2: 'annie' }));
    const { items, answers } = triviaqa.readAnswers?.(file, read()) ?? { items: [], answers: [] };
    expect(items.map(({ id, cluster }) => [id, cluster])).toEqual([
      ['q1--A.txt', 'q1'],
      ['q1--B.txt', 'q1'],
      ['q2', undefined],
      ['q3', undefined],
    ]);
    const results = await triviaqa.score(items, answers, tools);
    expect(results.map(({ shares }) => shares.exact_match?.value)).toEqual([100, 0, 100, 0]);
    expect(results[3]?.details.error).toBe('no answer was given');
  });
});

describe('nq-open', () => {
  const rows = [
    { question: 'who digs', answer: ['ants', 'an ant'] },
    { question: 'who flies', answer: ['bees'] },
  ];
  const read = (shots: number) =>
    nqOpen.readItems({ data: temporaryFile('v.jsonl', toJsonLines(rows)) }, { seed: 1, shots });

  it('asks behind a heading and examples, and stops where lm-evaluation-harness does', async () => {
    const items = read(1);
    expect(items.map(({ prompt }) => prompt)).toEqual([
      'Answer these questions:\n\nQ: who digs?\nA: ants\nQ: who flies?\nA:',
    ]);
    const model = new FakeModel({ write: () => ' the bees' });
    expect(await nqOpen.answer(items, model, settings, {})).toEqual(['the bees']);
    expect(model.generated[0]?.[0]?.stop).toEqual(['\n', '.', ',']);
  });

  it('takes the nearest of the gold answers', async () => {
    const results = await nqOpen.score(read(0), ['The Ant!', 'bees and birds'], tools);
    expect(results.map(({ shares }) => [shares.exact_match?.value, shares.f1?.value])).toEqual([
      [100, 100],
      [0, 50],
    ]);
  });

  it('refuses rows without an answer', () => {
    const bad = temporaryFile('v.jsonl', toJsonLines([{ question: 'who', answer: [] }, { answer: ['x'] }]));
    expect(() => nqOpen.readItems({ data: bad }, settings)).toThrow(
      /:1: answer: must not be empty; .*:2: question is missing/,
    );
  });
});
