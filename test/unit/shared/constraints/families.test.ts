// One table for all families: what meets each, and what is close to it and does not.
import { describe, expect, it } from 'vitest';

import { constraintFamily, constraintProblem, unmetConstraints } from '../../../../src/shared/constraints/check.js';
import { constraintFamilies } from '../../../../src/shared/constraints/families/index.js';
import { exampleParameters } from '../../../../src/shared/constraints/reference.js';

interface Case {
  family: string;
  parameters?: Record<string, unknown>;
  meets: string[];
  fails: string[];
}

const cases: Case[] = [
  {
    family: 'words-at-most',
    parameters: { words: 3 },
    meets: ['one two three', 'a - b !', "it's two-fold 3.5"],
    fails: ['one two three four', 'a\nb\nc\nd'],
  },
  {
    family: 'words-at-least',
    parameters: { words: 3 },
    meets: ['one two three', 'a b\n\nc d'],
    fails: ['a b', 'a - b'],
  },
  {
    family: 'words-between',
    parameters: { from: 2, to: 3 },
    meets: ['one two', 'one two three'],
    fails: ['one', 'one two three four'],
  },
  {
    family: 'sentence-count',
    parameters: { sentences: 2 },
    meets: [
      'It rains. Stay in!',
      'Dr. Lee, e.g. today, saw 3.5 cats. Two more came.',
      'No end\nat all',
      'He said "No." Then he left.',
    ],
    fails: ['It rains.', 'It rains. It pours. Stay in.', 'Wait... What? No'],
  },
  {
    family: 'paragraph-count',
    parameters: { paragraphs: 2, divider: '' },
    meets: ['One.\n\nTwo.', 'One\nline more.\n \n\nTwo.'],
    fails: ['One.\nTwo.', 'One.\n\nTwo.\n\nThree.'],
  },
  {
    family: 'bullet-list',
    parameters: { items: 2 },
    meets: ['- a\n- b', 'Here:\n* a\n  • b\nDone.'],
    fails: ['- a', '- a\n- b\n- c', 'a - b\nc - d', '1. a\n2. b', '---\n---'],
  },
  {
    family: 'numbered-list',
    parameters: { items: 2 },
    meets: ['1. a\n2. b', 'So:\n 1) a\n 2) b'],
    fails: ['1. a', '1. a\n1. b', '2. a\n3. b', '1. a\n2. b\n3. c', '- a\n- b'],
  },
  {
    family: 'markdown-table',
    parameters: { columns: 2 },
    meets: ['| a | b |\n|---|:-:|\n| 1 | 2 |', 'Look:\n\na | b\n--- | ---\n1 | 2\n\nDone.'],
    fails: [
      '| a | b |\n| 1 | 2 |\n| 3 | 4 |',
      '| a | b |\n|---|---|',
      '| a | b |\n|---|---|\n| 1 | 2 | 3 |',
      'no table',
    ],
  },
  {
    family: 'json-object',
    parameters: { keys: ['topic', 'answer'] },
    meets: ['{"answer": 1, "topic": [2]}', '```json\n{"topic": "", "answer": {}}\n```'],
    fails: [
      '{"answer": 1}',
      '{"answer": 1, "topic": 2, "more": 3}',
      '["answer", "topic"]',
      'null',
      'So: {"answer":1,"topic":2}',
    ],
  },
  {
    family: 'two-parts',
    parameters: { separator: '***' },
    meets: ['One.\n***\nTwo.', 'One.\n\n *** \n\nTwo.'],
    fails: ['One. *** Two.', '***\nTwo.', 'One.\n***', 'One.\n***\nTwo.\n***\nThree.', 'One.\n****\nTwo.'],
  },
  {
    family: 'headings',
    parameters: { headings: 2 },
    meets: ['## A\ntext\n## B\ntext', '# Title\n## A\n### C\n## B'],
    fails: ['## A', '# A\n# B', '##A\n##B', '## A\n## B\n## C'],
  },
  {
    family: 'numbered-sections',
    parameters: { name: 'Part', sections: 2 },
    meets: ['Part 1\nIce.\nPart 2\nSnow.', 'So:\n Part 1: ice\nPart 2: snow'],
    fails: [
      'Part 1\nIce.',
      'Part 2\nIce.\nPart 1\nSnow.',
      'Part 1\nPart 2\nPart 3',
      'Part 1, part 2',
      'Part 1\nPart 23',
    ],
  },
  { family: 'one-line', meets: ['All of it. Here.'], fails: ['Not\nhere'] },
  {
    family: 'contains-words',
    parameters: { words: ['harbour', 'ice'] },
    meets: ['The Harbour froze: ice.', 'ice on a harbour-wall'],
    fails: ['The harbours are ice.', 'ice', 'harbour'],
  },
  {
    family: 'repeats-word',
    parameters: { word: 'ice', times: 2 },
    meets: ['Ice on ice', 'ice, ice and ice'],
    fails: ['nice ice', 'ice'],
  },
  {
    family: 'avoids-words',
    parameters: { words: ['can', 'ice'] },
    meets: ['I cannot candle'],
    fails: ['You can.', 'CAN it', 'Ice'],
  },
  {
    family: 'bold-phrases',
    parameters: { times: 2 },
    meets: ['**a** and **b c**', '**a** **b** **c**'],
    fails: ['**a** and *b*', '** a ** ** b **', '****', '**a\nb** **c**'],
  },
  {
    family: 'placeholders',
    parameters: { places: 2 },
    meets: ['Dear [name], come to [place].'],
    fails: ['Dear [name].', 'Dear [] and [ ], come.', 'Dear (name), come to (place).'],
  },
  {
    family: 'starts-with',
    parameters: { text: 'In short' },
    meets: ['In short, no.', 'in short: yes', 'In short'],
    fails: ['So, in short', 'In shorts it is cold', '"In short"'],
  },
  {
    family: 'title-line',
    meets: ['# Ice\nIt freezes.', '# A harbour in winter\n\nIt freezes.'],
    fails: [
      'Ice\nIt freezes.',
      '# Ice',
      '#Ice\nIt freezes.',
      '# one two three four five six seven eight nine ten eleven\nText',
    ],
  },
  {
    family: 'bracketed-title',
    meets: ['<<Ice>>\nIt freezes.', '<<A harbour in winter>>\n\nIt freezes.'],
    fails: ['<Ice>\nIt freezes.', '<<Ice>>', 'So: <<Ice>>\nIt freezes.', '<<>>\nIt freezes.', '<<Ice\n>> freezes'],
  },
  {
    family: 'request-first',
    parameters: { request: 'Why is it cold?' },
    meets: ['Why is it cold?\n\nIt is winter.', 'Why is it cold? It is winter.'],
    fails: ['Why is it cold?', 'why is it cold? Winter.', 'So: Why is it cold?\nWinter.', 'Why is it cold?!'],
  },
  { family: 'in-quotes', meets: ['"All of it."', '“All of\n\nit”'], fails: ['"Some" of it', 'It is "this"', '""'] },
  {
    family: 'ends-with',
    parameters: { text: 'That is all.' },
    meets: ['Ice. that is all.'],
    fails: ['That is all. Ice.', 'That is all'],
  },
  { family: 'ends-with-question', meets: ['Is it?', 'He asked: "Why?"'], fails: ['Is it? Yes.', 'no'] },
  {
    family: 'postscript',
    meets: ['Dear all.\n\nP.S. Bye', 'Hi\np.s. bye'],
    fails: ['P.S. Bye', 'So, P.S. no', 'Hi\nP.S.'],
  },
  { family: 'lower-case', meets: ['no capitals, 3 of them'], fails: ['No', 'Élan'] },
  { family: 'upper-case', meets: ['ICE! 3 TIMES'], fails: ['ICe', '123', 'ÉTÉ à'] },
  {
    family: 'capital-words',
    parameters: { times: 2 },
    meets: ['The ICE is VERY old.', 'ICE, ICE and ICE', "ÉTÉ in NASA's time"],
    fails: ['The ICE is old.', 'I am A fool', 'NASAs ICes'],
  },
  { family: 'no-commas', meets: ['one; two'], fails: ['one, two'] },
  { family: 'no-digits', meets: ['three'], fails: ['3', '٣'] },
  {
    family: 'short-words',
    parameters: { letters: 4 },
    meets: ["it's fine-ish 12345"],
    fails: ['harbour', 'été-longs'],
  },
  { family: 'without-letter', parameters: { letter: 'z' }, meets: ['ice'], fails: ['Zoo', 'maze'] },
];

describe('families of constraints', () => {
  it('all stand in the table', () => {
    expect(cases.map(({ family }) => family)).toEqual(constraintFamilies.map(({ name }) => name));
  });

  for (const { family, parameters = {}, meets, fails } of cases) {
    it.each(meets)(`${family} is met by %j`, (response) => {
      expect(unmetConstraints(response, [{ family, parameters }])).toEqual([]);
    });

    it.each(fails)(`${family} is not met by %j`, (response) => {
      expect(unmetConstraints(response, [{ family, parameters }])).toHaveLength(1);
    });
  }

  it('are met by no empty response', () => {
    const all = constraintFamilies.map((family) => ({ family: family.name, parameters: exampleParameters(family) }));
    expect(unmetConstraints(' \n', all)).toEqual(all);
  });

  it.each(constraintFamilies.map((family) => [family.name, family] as const))(
    '%s is asked for in several ways',
    (_, family) => {
      const wordings = family.wordings(exampleParameters(family));
      expect(new Set(wordings).size).toBe(wordings.length);
      expect(wordings.length).toBeGreaterThan(1);
      for (const name of family.conflicts) expect(constraintFamily(name)?.group).not.toBe(family.group);
    },
  );
});

describe('a constraint of a file', () => {
  it.each([
    [{ family: 'words-at-most', parameters: { words: 30 } }, undefined],
    [{ family: 'rhymes', parameters: {} }, 'no family of constraints is called "rhymes"'],
    [{ family: 'words-at-most', parameters: {} }, /^the parameters of words-at-most are wrong: words: /],
    [{ family: 'one-line', parameters: { words: 3 } }, /^the parameters of one-line are wrong: /],
    [{ family: 'contains-words', parameters: { words: ['('] } }, /must be one word$/],
    [
      { family: 'words-between', parameters: { from: 9, to: 3 } },
      'the parameters of words-between are wrong: from is above to, which no response can meet',
    ],
  ])('%j is checked', (constraint, problem) => {
    if (problem instanceof RegExp) expect(constraintProblem(constraint)).toMatch(problem);
    else expect(constraintProblem(constraint)).toBe(problem);
  });
});
