import { describe, expect, it } from 'vitest';

import type { ScoreRequest } from '../../../src/engine/engine.js';
import { tryJudge } from '../../../src/pipeline/gate-judge.js';
import { gateSuite, mostItems } from '../../../src/pipeline/gate-parts.js';
import type { RunContext } from '../../../src/pipeline/run-context.js';
import type { SeedTask } from '../../../src/shared/rows.js';
import { FakeModel } from '../../support/fake-model.js';
import { smallConfig } from '../../support/run-folder.js';

const seeds: SeedTask[] = Array.from({ length: 20 }, (_, i) => ({
  id: `s${i}`,
  instruction: `Say something about the number ${i}.`,
  input: '',
  output: `The number ${i} is what one has after counting from nought up to ${i} without a break.`,
}));

/** Prefers the answer that holds more of what a good one has: `goodness` of each. */
function judgeBy(goodness: (answer: string) => number): FakeModel {
  return new FakeModel({ read: (request) => ({ nextLogprobs: lettersOf(request, goodness) }) });
}

function lettersOf({ prompt }: ScoreRequest, goodness: (answer: string) => number): number[] {
  const text = 'messages' in prompt ? prompt.messages.map(({ content }) => content).join('\n') : prompt.text;
  const [, a = '', b = ''] = /Answer A:\n([^]*?)\n\nAnswer B:\n([^]*?)\n\n/.exec(text) ?? [];
  return [goodness(a), goodness(b)];
}

describe("the gate's judge", () => {
  it('is trusted where it prefers the seeds own answers to spoilt ones', async () => {
    const known = new Set(seeds.map(({ output }) => output));
    const numberOf = (text: string) => /number (\d+)/.exec(text)?.[1];
    // Whole, in order, and of the same number; the last cannot be seen from the answer alone.
    const judge = judgeBy((answer) => (known.has(answer) ? 1 : 0) + (numberOf(answer) === undefined ? 0 : 0.1));
    const trial = await tryJudge(judge, seeds, {});
    expect(judge.scored.flat().length).toBe(2 * 2 * 16 + 2 * 16); // three kinds, both orders
    // Another seed's whole answer is as good to it: a tie, so 2.5 of 3.
    expect(trial).toEqual({
      isTrusted: true,
      told: "the base prefers the seeds' own answers to spoilt ones in 83 % of 48 trials",
    });
  });

  it('is not where it prefers a letter, or where no seed has an answer', async () => {
    const trial = await tryJudge(
      judgeBy(() => -1),
      seeds,
      {},
    );
    expect(trial.isTrusted).toBe(false);
    expect(trial.told).toBe(
      "the base prefers the seeds' own answers to spoilt ones in 50 % of 48 trials; it would have to in 75 %",
    );
    const without = seeds.map((seed) => ({ ...seed, output: '' }));
    expect(
      await tryJudge(
        judgeBy(() => 0),
        without,
        {},
      ),
    ).toMatchObject({ isTrusted: false, told: /no seed/ });
  });
});

describe('the suite', () => {
  const run = (gate: object) => ({ config: smallConfig({ instructions: 200, gate }), seeds }) as unknown as RunContext;
  const trusted = { counts: {}, leftOut: {} };

  it('has counts by the instructions, a quarter of the prompts for answers that are compared', async () => {
    const { parts } = await gateSuite(run({}), trusted);
    expect(parts.map(({ name, items }) => [name, items.length])).toEqual([
      ['constraints', 30],
      ['win-rate', 10],
      ['knowledge', 40],
    ]);
    const without = await gateSuite(run({}), { counts: {}, leftOut: { 'win-rate': 'why' } });
    expect(without.parts.map(({ name, items }) => [name, items.length])).toEqual([
      ['constraints', 40],
      ['knowledge', 40],
    ]);
    expect(mostItems(smallConfig({ instructions: 10, gate: {} }))).toEqual({ prompts: 20, questions: 40 });
    expect(mostItems(smallConfig({ gate: { suite: ['seed-loss'] } }))).toEqual({ prompts: 0, questions: 0 });
    expect(mostItems(smallConfig({ instructions: 5000, gate: {} }))).toEqual({ prompts: 1000, questions: 142 });
  });

  it("compares answers with the base's, which are ties with themselves", async () => {
    const { parts } = await gateSuite(run({}), trusted);
    const part = parts.find(({ name }) => name === 'win-rate');
    const items = part?.items.slice(0, 3) ?? [];
    const judge = judgeBy((answer) => answer.length);
    const measure = (write: (id: string) => string, base: Parameters<NonNullable<typeof part>['measure']>[1]) =>
      part?.measure(items, base, {
        model: new FakeModel({ write: ({ id }) => write(id) }),
        openJudge: () => Promise.resolve(judge),
        call: { onProgress: ({ done }) => told.push(done) },
      });
    const told: number[] = [];
    const base = (await measure(() => 'as good as any', null)) ?? [];
    expect(base.map(({ shares }) => shares['win-rate'])).toEqual(Array(3).fill({ value: 50, weight: 1 }));
    told.splice(0);
    const texts = new Map([
      [items[0]?.id, 'a much better answer than the other one'],
      [items[1]?.id, 'as good as any'],
      [items[2]?.id, 'short'],
    ]);
    const tuned = await measure((id) => texts.get(id) ?? '', base);
    expect(tuned?.map(({ shares }) => shares['win-rate']?.value)).toEqual([100, 50, 0]);
    expect(tuned?.map(({ id }) => id)).toEqual(base.map(({ id }) => id));
    // Answered and then compared, each item is told of once; equal answers are not compared.
    const last = told.splice(0);
    expect([...last].sort((a, b) => a - b)).toEqual(last);
    expect(last.at(-1)).toBe(2);
  });
});
