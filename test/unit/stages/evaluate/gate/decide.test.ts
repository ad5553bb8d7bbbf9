import { describe, expect, it } from 'vitest';

import {
  bestOf,
  decide,
  type GateMeasurement,
  type GateVerdict,
} from '../../../../../src/stages/evaluate/gate/decide.js';
import type { MetricComparison } from '../../../../../src/stages/evaluate/metrics.js';

const settings = { significance: 0.05, patience: 2, lossTolerance: 0.1 };

/** A part that differs by so many standard errors of 1. */
function part(errors: number, corrected = 1, lowerIsBetter = false): MetricComparison {
  const [low, high] = [errors - 1.96, errors + 1.96];
  return {
    n: 100,
    other: 50,
    value: 50 + errors,
    difference: errors,
    low,
    high,
    p: corrected,
    corrected,
    lowerIsBetter,
  };
}

function against(
  parts: GateMeasurement['againstBase'],
  writer: GateMeasurement['againstWriter'] = null,
): GateMeasurement {
  return { againstBase: parts, againstWriter: writer };
}

function after(...scores: number[]): GateVerdict[] {
  const verdicts: GateVerdict[] = [];
  for (const score of scores) verdicts.push(decide(against({ prompts: part(score) }), verdicts, settings));
  return verdicts;
}

describe('the gate', () => {
  it('scores a model by its differences from the base, losses the other way round, beyond three errors by logarithm', () => {
    const verdict = decide(
      against({ prompts: part(2), loss: part(-30, 0.001, true), 'win-rate': part(-1) }),
      [],
      settings,
    );
    expect(verdict.score).toBe(2.1); // (2 + 3 + ln 10 − 1) / 3
    expect(decide(against({ prompts: part(-30, 0.2) }), [], settings).score).toBe(-5.3);
    expect(verdict).toMatchObject({ kept: true, gained: true, stops: false });
    expect(decide(against({}), [], settings)).toMatchObject({ score: 0, gained: false, kept: true });
    const same = { ...part(0), low: 0, high: 0 };
    expect(decide(against({ prompts: same }), [], settings).score).toBe(0);
  });

  it('finds the better of two models that are both certainly better than the base', () => {
    const [first, second, third] = after(4, 5, 4.9);
    expect([first, second, third].map((verdict) => verdict?.score)).toEqual([3.29, 3.51, 3.49]);
    expect([first, second, third].map((verdict) => verdict?.gained)).toEqual([true, true, false]);
    const agreeing = { ...part(50, 0.06), low: 50, high: 50 };
    expect(decide(against({ 'win-rate': agreeing }), [], settings).score).toBe(3);
  });

  it('says of a gain whether any part that it scores is better beyond noise', () => {
    const reason = (parts: GateMeasurement['againstBase']) => {
      const { isCertain, gained, reasons } = decide(against(parts), [], settings);
      return [gained, isCertain, reasons[0]];
    };
    expect(reason({ prompts: part(2.5, 0.01), 'win-rate': part(1, 0.3) })).toEqual([
      true,
      true,
      'a gain: score 1.75, the base 0',
    ]);
    const within = [true, false, 'a gain within chance: score 1.00, the base 0'];
    expect(reason({ prompts: part(1, 0.05), 'win-rate': part(1, 0.3) })).toEqual(within);
    expect(reason({ prompts: part(1, 0.3), knowledge: part(4, 0.001) })).toEqual(within);
    expect(reason({ knowledge: part(2.5, 0.01) })).toEqual([true, true, 'a gain: score 2.50, the base 0']);
    expect(reason({ prompts: part(-1, 0.3) })).toEqual([false, false, 'no gain: score −1.00, the base 0']);
  });

  it('says of a gain over an earlier gain whether it is beyond noise, which only the model that wrote the data can tell', () => {
    const said = (earlier: GateVerdict[], overWriter: MetricComparison) =>
      decide(against({ prompts: part(4, 0.01) }, { prompts: overWriter }), earlier, settings).reasons[0];
    const within = 'a gain over the base, within chance over the best before: score 3.29, best before';
    expect(said(after(2), part(0.1))).toBe(`${within} 2.00`);
    expect(said(after(2), part(3, 0.01))).toBe('a gain: score 3.29, best before 2.00');
    expect(said(after(2, 1), part(3, 0.01))).toBe(`${within} 2.00`);
    const rolledBack = { ...after(2)[0], kept: false, gained: false } as GateVerdict;
    expect(said([...after(2), rolledBack], part(3, 0.01))).toBe('a gain: score 3.29, best before 2.00');
    expect(said(after(-1), part(0.1))).toBe('a gain: score 3.29, the base 0');
  });

  it('takes what is no more than the last bits of a sum for no gain', () => {
    const even = { ...part(10), other: 50, low: -30, high: 50 };
    const prompts = { ...part(-3.8461538461538463), low: -19.23076923076923, high: 11.53846153846154 };
    const verdict = decide(against({ prompts, 'win-rate': even }), [], settings);
    expect(verdict).toMatchObject({ score: 0, gained: false, kept: true });
    expect(verdict.reasons).toEqual(['no gain: score 0.00, the base 0']);
  });

  it('rolls back what is worse beyond noise than the base or than the model that wrote its data', () => {
    const worse = decide(against({ prompts: part(2), knowledge: part(-4, 0.001) }), [], settings);
    expect(worse).toMatchObject({ kept: false, gained: false });
    expect(worse.reasons[0]).toBe('worse than the base in knowledge: 46.00 after 50.00, p 0.001');
    const later = decide(against({ prompts: part(1) }, { prompts: part(-4, 0.0001) }), after(2), settings);
    expect(later.kept).toBe(false);
    expect(later.reasons[0]).toContain('worse than the model that wrote its data in prompts');
    expect(decide(against({ loss: part(4, 0.001, true) }), [], settings).kept).toBe(false);
    expect(decide(against({ prompts: part(-1.5, 0.2) }), [], settings).kept).toBe(true);
  });

  it('lets the loss on the seeds rise by the tolerance, and scores guards only where nothing else is measured', () => {
    const loss = (rise: number) => ({ prompts: part(2), 'seed-loss': part(rise, 0.001, true), knowledge: part(-1) });
    expect(decide(against(loss(5)), [], settings)).toMatchObject({ kept: true, score: 2 });
    expect(decide(against(loss(5.1)), [], settings)).toMatchObject({ kept: false, score: 2 });
    expect(decide(against(loss(1)), [], { ...settings, lossTolerance: 0 }).kept).toBe(false);
    expect(decide(against({ 'seed-loss': part(-1, 1, true), knowledge: part(2) }), [], settings).score).toBe(1.5);
  });

  it('stops after two iterations without a gain, and names the best before them', () => {
    const verdicts = after(1, 2, 1.5, 1.9);
    expect(verdicts.map(({ gained }) => gained)).toEqual([true, true, false, false]);
    expect(verdicts.map(({ stops }) => stops)).toEqual([false, false, false, true]);
    expect(verdicts[3]?.reasons).toContain('no gain in 2 iterations');
    expect(bestOf(verdicts)).toBe(2);
    expect(bestOf(after(-1, -2))).toBeNull();
    expect(bestOf([])).toBeNull();
  });

  it('goes on for ever with a patience of 0, and never counts a model that was rolled back as best', () => {
    const patient = { ...settings, patience: 0 };
    const low = decide(against({ prompts: part(-1) }), after(-1, -1), patient);
    expect(low.stops).toBe(false);
    const rolledBack = decide(against({ a: part(3), b: part(3), c: part(-2.9, 0.01) }), [], settings);
    expect(rolledBack.score).toBeGreaterThan(1);
    expect(rolledBack.reasons.at(-1)).toMatch(/^no gain, since it is rolled back: score 1/);
    const next = decide(against({ a: part(0.5) }), [rolledBack], settings);
    expect(next).toMatchObject({ gained: true });
    expect(bestOf([rolledBack, next])).toBe(2);
  });
});
