import { describe, expect, it } from 'vitest';

import { answerSpans, statementQuestions } from '../../../../src/stages/select/questions/answer-spans.js';

describe('what a sentence can be asked for', () => {
  const spans = (sentence: string) => answerSpans(sentence).map(({ answer, asksBy }) => [answer, asksBy]);
  it.each([
    ['The body has 206 bones.', [['206', 'how many']]],
    [
      'Rain fell in 1987 on Lisbon.',
      [
        ['1987', 'which year'],
        ['Lisbon', 'who or what'],
      ],
    ],
    [
      'We met Ana Maria Lopes of the choir.',
      [
        ['Ana Maria Lopes', 'who or what'],
        ['the choir', 'what'],
      ],
    ],
    [
      'They put 3.5 percent of the old red wine into a barrel.',
      [
        ['3.5 percent', 'how many'],
        ['the old red wine', 'what'],
        ['a barrel', 'what'],
      ],
    ],
    ['A B-17 is no number.', []],
    ['Nothing here.', []],
  ] as const)('%s', (sentence, expected) => {
    expect(spans(sentence)).toEqual(expected);
    for (const { at, answer } of answerSpans(sentence)) expect(sentence.startsWith(answer, at)).toBe(true);
  });

  it.each([
    [
      'The heart is a muscle.',
      [
        { question: 'What is a muscle?', answer: 'The heart' },
        { question: 'What is the heart?', answer: 'a muscle' },
      ],
    ],
    ['Cold water can break a glass.', [{ question: 'What can break a glass?', answer: 'Cold water' }]],
    [
      'Lisbon was the port of kings!',
      [
        { question: 'What was the port of kings?', answer: 'Lisbon' },
        { question: 'What was Lisbon?', answer: 'the port of kings' },
      ],
    ],
    ['It is a muscle.', []],
    ['There are two of them.', []],
    ['If the heart stops, we die.', []],
  ])('%s', (sentence, expected) => {
    expect(statementQuestions(sentence)).toEqual(expected);
  });
});
