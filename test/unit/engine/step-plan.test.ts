import { describe, expect, test } from 'vitest';

import { StepPlan, type StepSettings } from '../../../src/engine/step-plan.js';

const defaults: StepSettings = { batchSize: 4, accumulate: 1, epochs: 2, seed: 1 };
const plan = (samples: number, settings: Partial<StepSettings> = {}) =>
  new StepPlan(
    Array.from({ length: samples }, (_, i) => 10 + i),
    { ...defaults, ...settings },
  );
const sorted = (indices: readonly number[]) => [...indices].sort((a, b) => a - b);

describe('by samples', () => {
  test('fractional epochs count as Hugging Face does', () => {
    const total = (samples: number, epochs: number) => plan(samples, { epochs, batchSize: 16 }).total;
    expect(total(100, 2)).toBe(14);
    expect(total(100, 0.5)).toBe(4);
    expect(total(3, 0.1)).toBe(1);
    expect(plan(40, { epochs: 2.3 }).total).toBe(23);
  });

  test('an epoch shows every sample once, in another order each time and for each seed', () => {
    const epoch = (number: number, seed: number) =>
      [0, 1, 2].flatMap((i) => plan(10, { seed }).at(number * 3 + i).samples);
    expect(sorted(epoch(0, 1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sorted(epoch(1, 1))).toEqual(sorted(epoch(0, 1)));
    expect(epoch(1, 1)).not.toEqual(epoch(0, 1));
    expect(epoch(0, 2)).not.toEqual(epoch(0, 1));
    expect(epoch(0, 1)).toEqual(epoch(0, 1));
  });

  test('the last batch of an epoch may be smaller, and ends it', () => {
    const steps = [0, 1, 2, 3].map((step) => plan(10).at(step));
    expect(steps.map(({ samples }) => samples.length)).toEqual([4, 4, 2, 4]);
    expect(steps.map(({ endsEpoch }) => endsEpoch)).toEqual([false, false, true, false]);
    expect(steps.map(({ epoch }) => Number(epoch.toFixed(3)))).toEqual([0.333, 0.667, 1, 1.333]);
  });

  test('accumulated batches make one step', () => {
    const accumulated = plan(20, { accumulate: 2 });
    expect(accumulated.total).toBe(6);
    expect(accumulated.at(0)).toEqual(plan(20, { batchSize: 8 }).at(0));
  });

  test('a number of steps stands instead of epochs', () => {
    const fixed = plan(10, { steps: 7 });
    expect(fixed.total).toBe(7);
    expect(fixed.at(6)).toMatchObject({ endsEpoch: false });
  });
});

describe('by tokens', () => {
  const lengths = Array.from({ length: 30 }, (_, i) => 5 + ((7 * i) % 40));
  const byTokens = (more: Partial<StepSettings> = {}) =>
    new StepPlan(lengths, { ...defaults, batchTokens: 60, ...more });
  const tokens = (samples: readonly number[]) => samples.reduce((sum, i) => sum + (lengths[i] ?? 0), 0);

  test('a batch is as full as whole samples allow', () => {
    const steps = byTokens();
    const epoch: number[][] = [];
    for (let step = 0; epoch.flat().length < 30; step++) epoch.push([...steps.at(step).samples]);
    expect(sorted(epoch.flat())).toEqual(lengths.map((_, i) => i));
    expect(epoch.every((samples) => tokens(samples) <= 60)).toBe(true);
    epoch.slice(1).forEach((samples, i) => {
      expect(tokens([...(epoch[i] ?? []), samples[0] ?? 0])).toBeGreaterThan(60);
    });
  });

  test('a sample longer than a batch gets one of its own', () => {
    expect(byTokens({ batchTokens: 1 }).total).toBe(60);
  });

  test('the total is that of the epochs as they come, each with a number of steps of its own', () => {
    const steps = byTokens({ epochs: 5 });
    expect(steps.at(steps.total - 1)).toMatchObject({ epoch: 5, endsEpoch: true });
    expect(byTokens({ epochs: 4.5 }).total).toBeLessThan(steps.total);
  });

  test('accumulated batches are those of the same order, joined', () => {
    const [single, double] = [byTokens(), byTokens({ accumulate: 2 })];
    expect(double.at(0).samples).toEqual([...single.at(0).samples, ...single.at(1).samples]);
  });

  test('a plan that is asked for an earlier step gives the same', () => {
    const steps = byTokens({ epochs: 3 });
    const first = steps.at(0);
    steps.at(steps.total - 1);
    expect(steps.at(0)).toEqual(first);
  });
});
