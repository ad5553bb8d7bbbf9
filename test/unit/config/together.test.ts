// Settings that are right alone and wrong together: each is told, and all of them at once.
import { expect, it } from 'vitest';

import { configSchema } from '../../../src/config/schema.js';
import { problemsTogether } from '../../../src/config/together.js';

const problems = (settings: object) => problemsTogether(configSchema.parse(settings), (key) => key);

it.each([
  [
    { train: { startFrom: 'last' }, iterations: 1 },
    ['train.startFrom last needs an earlier iteration; iterations is 1'],
  ],
  [
    { select: { accumulate: 0.5 }, iterations: 1 },
    ['select.accumulate above 0 needs an earlier iteration; iterations is 1'],
  ],
  [
    { synthesize: { writer: 'base' }, iterations: 1 },
    ['synthesize.writer base needs an earlier iteration; iterations is 1'],
  ],
  [
    { synthesize: { writer: 'base' }, engine: 'openai', baseUrl: 'http://127.0.0.1:1/v1' },
    ["synthesize.writer base needs engine local: an endpoint's model is the same in every iteration"],
  ],
  [
    { synthesize: { writer: 'base', method: 'none' }, own: { instructions: 'own.txt' } },
    ['synthesize.writer base has no meaning where synthesize.method is none'],
  ],
  [
    { select: { maxDisagreement: 1 }, assess: { repeats: 2 } },
    ['select.maxDisagreement needs assess.method expected or sampled; it is auto, which may choose ranks'],
  ],
  [
    { select: { maxDisagreement: 1 }, assess: { method: 'sampled' } },
    ['select.maxDisagreement needs assess.repeats of at least 2: one grade cannot disagree with itself'],
  ],
  [
    { select: { lengthNeutral: true, grades: 'none' } },
    ['select.lengthNeutral has no meaning with select.grades none: there are no scores'],
  ],
  [
    { select: { maxDisagreement: 1, grades: 'none' }, assess: { method: 'expected', repeats: 2 } },
    ['select.maxDisagreement has no meaning with select.grades none: there are no scores'],
  ],
  [
    { select: { grades: 'none' }, respond: { responses: 2 } },
    [
      'respond.responses above 1 has no meaning with select.grades none: there are no scores, by which the best is chosen',
    ],
  ],
  [
    {
      ...{ engine: 'openai', baseUrl: 'http://127.0.0.1:1/v1', enginePrompts: 'raw' },
      ...{ synthesize: { form: 'chat', method: 'seeds' }, respond: { form: 'chat' } },
    },
    [
      'respond.form chat has no meaning with enginePrompts raw',
      'synthesize.form chat has no meaning with enginePrompts raw',
    ],
  ],
])('%j', (settings, expected) => {
  expect(problems(settings)).toEqual(expected);
});

it.each([
  { train: { startFrom: 'last' }, iterations: 2 },
  { select: { accumulate: 1 }, iterations: 2 },
  { synthesize: { writer: 'base' }, iterations: 2 },
  { select: { maxDisagreement: 1 }, assess: { method: 'expected', repeats: 2 } },
  { select: { lengthNeutral: true } },
])('is fine: %j', (settings) => {
  expect(problems(settings)).toEqual([]);
});

it('tells all at once', () => {
  const settings = {
    iterations: 1,
    engine: 'openai',
    select: { accumulate: 1, maxDisagreement: 1, grades: 'quality' },
    train: { startFrom: 'last', patience: 1, validation: 0 },
  };
  expect(problems(settings)).toHaveLength(7);
});

it('no gate stands alone', () => {
  expect(problems({ gate: { suite: ['none', 'knowledge'] } })).toEqual([
    'gate.suite none stands alone; it is none,knowledge',
  ]);
  expect(problems({ gate: { suite: ['none'] } })).toEqual([]);
});
