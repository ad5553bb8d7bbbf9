import { describe, expect, it } from 'vitest';

import type { ScoreRequest } from '../../../../src/engine/engine.js';
import type { SeedTask } from '../../../../src/shared/rows.js';
import { chooseMethod, pairedAccuracy, selfTest, type SelfTestRow } from '../../../../src/stages/assess/self-test.js';
import { FakeModel, promptText } from '../../../support/fake-model.js';

const seeds: SeedTask[] = Array.from({ length: 20 }, (_, i) => ({
  id: `seed-${i}`,
  instruction: `Say something about subject${i}.`,
  input: i % 3 === 0 ? `extra input ${i}` : '',
  output: `Well, subject${i} is a fine subject, and here are ${i} more words about it.`,
}));
const input = { seeds, seed: 1, criteria: 'combined' as const };

/** Knows a seed's own output, and gives it 9; anything else 2. */
const goodJudge = new FakeModel({
  read: (request: ScoreRequest) => {
    const own = seeds.some(
      ({ output }) => promptText(request).includes(`Answer:\n${output}`) && ownTask(promptText(request), output),
    );
    const grade = own ? '9' : '2';
    return { nextLogprobs: (request.next ?? []).map((text) => (text === grade ? -0.1 : -9)), logprob: -9, tokens: 1 };
  },
});
const ownTask = (prompt: string, output: string) =>
  seeds.some((seed) => seed.output === output && prompt.includes(seed.instruction));

describe('the self-test', () => {
  it('finds a judge that knows the good pairs right in all cases', async () => {
    const [row] = await selfTest({ ...input, methods: ['expected'] }, goodJudge);
    expect(row?.overall).toMatchObject({ n: 60, value: 1 });
    expect(Object.values(row?.kinds ?? {}).map(({ n, value }) => [n, value])).toEqual([
      [20, 1],
      [20, 1],
      [20, 1],
      [20, 1],
    ]);
  });

  it('finds a judge that gives every pair the same grade at one half', async () => {
    const [row] = await selfTest({ ...input, methods: ['expected'] }, new FakeModel());
    expect(row?.overall.value).toBe(0.5);
  });

  it('counts a pair without an assessment as the worst, and tells how many', async () => {
    const [row] = await selfTest({ ...input, methods: ['sampled'] }, new FakeModel({ write: () => 'no idea' }));
    expect(row).toMatchObject({ failed: 100, overall: { value: 0.5 } });
  });

  it('tells how many of the pairs are judged, over all methods', async () => {
    const told: { done: number; total: number }[] = [];
    const onProgress = (progress: { done: number; total: number }) => told.push(progress);
    await selfTest({ ...input, methods: ['expected', 'sampled'], limit: 4, onProgress }, goodJudge);
    expect(told[0]).toEqual({ done: 20, total: 40 });
    expect(told.at(-1)).toEqual({ done: 40, total: 40 });
  });

  it('spoils each response in four ways', async () => {
    const model = new FakeModel();
    await selfTest({ ...input, methods: ['likelihood'], limit: 2 }, model);
    const responses = (model.scored[0] ?? []).filter(({ id }) => id.endsWith('/response'));
    expect(responses).toHaveLength(10);
    const text = (kind: string) => responses.find(({ id }) => id.includes(`/${kind}/`))?.continuation ?? '';
    const words = (kind: string) => text(kind).split(' ');
    expect(text('shuffled')).toBe(responses[5]?.continuation);
    expect(text('own').startsWith(text('cut'))).toBe(true);
    expect(words('cut').length / words('own').length).toBeCloseTo(0.5, 1);
    expect(words('scrambled').sort()).toEqual(words('own').sort());
    expect(text('scrambled')).not.toBe(text('own'));
    expect(text('copied')).toMatch(/^Say something about subject/);
  });

  it('is the same for the same seed and another for another', async () => {
    const asked = async (seed: number) => {
      const model = new FakeModel();
      await selfTest({ ...input, seed, methods: ['likelihood'], limit: 3 }, model);
      return model.scored;
    };
    expect(await asked(1)).toEqual(await asked(1));
    expect(await asked(1)).not.toEqual(await asked(2));
  });

  it('uses only seeds with a response of 8 to 150 words', async () => {
    const short = seeds.map((seed) => ({ ...seed, output: 'Too short.' }));
    const [row] = await selfTest({ ...input, seeds: short, methods: ['expected'] }, goodJudge);
    expect(row?.overall).toEqual({ n: 0, value: 0, low: 0, high: 1 });
  });
});

describe('auto', () => {
  const row = (method: SelfTestRow['method'], wins: number, n: number): SelfTestRow => {
    const overall = pairedAccuracy(Array.from({ length: n }, (_, i) => (i < wins ? 1 : 0)));
    return {
      method,
      overall,
      failed: 0,
      kinds: { shuffled: overall, cut: overall, scrambled: overall, copied: overall },
    };
  };

  it('takes grades where they are clearly better than chance', () => {
    expect(chooseMethod([row('likelihood', 96, 96), row('expected', 90, 96)])).toEqual({
      method: 'expected',
      why: 'grades pass the self-test: 94 % (95 % interval 87 % to 97 %) of 96 pairs in the right order',
    });
  });

  it('takes likelihood where grades are noise', () => {
    expect(chooseMethod([row('likelihood', 90, 96), row('expected', 50, 96)])).toEqual({
      method: 'likelihood',
      why:
        'grades fail the self-test: 52 % (95 % interval 42 % to 62 %) of 96 pairs in the right order; 75 % are needed; ' +
        'likelihood has 94 % (95 % interval 87 % to 97 %)',
    });
  });

  it('takes likelihood where there were too few seeds to tell', () => {
    expect(chooseMethod([row('likelihood', 3, 3), row('expected', 3, 3)]).method).toBe('likelihood');
    expect(chooseMethod([row('likelihood', 0, 0), row('expected', 0, 0)]).method).toBe('likelihood');
  });

  it('takes the better grades where the engine cannot do likelihood, and says that they failed', () => {
    expect(chooseMethod([row('sampled', 50, 96), row('expected', 60, 96)])).toMatchObject({
      method: 'expected',
      why: expect.stringMatching(/^grades fail the self-test: .*, but likelihood was not tried$/) as string,
    });
  });

  it('passes over grades that hardly any pair got', () => {
    const silent = { ...row('sampled', 48, 96), failed: 400 };
    expect(chooseMethod([silent, row('expected', 40, 96)]).method).toBe('expected');
    expect(chooseMethod([silent]).method).toBe('sampled');
  });

  it('takes the better of two ways to read grades', () => {
    expect(chooseMethod([row('sampled', 80, 96), row('expected', 90, 96)]).method).toBe('expected');
  });
});

it("gives Wilson's interval", () => {
  const { low, high } = pairedAccuracy([...Array<number>(8).fill(1), 0, 0]);
  // 8 of 10 by hand: centre 0.9921 / 1.3842 = 0.7167, half-width 1.416 * sqrt(0.0256) = 0.2266.
  expect(low).toBeCloseTo(0.49016, 3);
  expect(high).toBeCloseTo(0.94332, 3);
});
