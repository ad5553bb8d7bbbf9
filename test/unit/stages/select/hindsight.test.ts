import { describe, expect, it } from 'vitest';

import { constraintsSchema } from '../../../../src/config/constraints-schema.js';
import { constraintFamily, unmetConstraints } from '../../../../src/shared/constraints/check.js';
import { countWords } from '../../../../src/shared/constraints/text.js';
import type { Pair } from '../../../../src/shared/rows.js';
import { inHindsight } from '../../../../src/stages/select/hindsight.js';
import { splitHeldOut } from '../../../../src/stages/train/train.js';

const pair: Pair = {
  id: 'c-1-1',
  instruction: 'Describe the harbour of a small town.',
  input: '',
  response:
    'The harbour is small, and most of its boats are old. In the morning, fishermen unload their boxes on the quay. ' +
    'Gulls wait for what falls. At noon everybody sleeps, even the dogs.',
  source: { stop: 'end', tokens: 40, written: { logprob: -3, tokens: 2, end: -0.5 } },
};
const made = (settings: object, of: Partial<Pair> = {}, seed = 1) =>
  inHindsight({ ...pair, ...of }, constraintsSchema.parse({ repair: false, ...settings }), seed, 1);

describe('pairs made in hindsight', () => {
  it('ask for what the response meets, as it is', () => {
    const pairs = made({ hindsight: 16, perInstruction: 2 });
    expect(pairs.length).toBeGreaterThan(1);
    expect(pairs.length).toBeLessThan(16);
    for (const { id } of pairs) expect(id).toMatch(/^c-1-1-h\d+$/u);
    for (const { instruction, response, constraints = [], source } of pairs) {
      expect(instruction).toContain(pair.instruction);
      expect(instruction.length).toBeGreaterThan(pair.instruction.length);
      expect(constraints.length).toBeGreaterThan(0);
      expect(unmetConstraints(response, constraints)).toEqual([]);
      expect(response).toBe(pair.response);
      expect(source).toEqual({ hindsightOf: 'c-1-1' });
    }
  });

  it('ask, with repair, for what the response can be made to meet, too', () => {
    const pairs = made({ hindsight: 16, perInstruction: 3, repair: true });
    for (const { response, constraints = [] } of pairs) expect(unmetConstraints(response, constraints)).toEqual([]);
    const madeOver = pairs.filter(({ response }) => response !== pair.response);
    expect(madeOver.length).toBeGreaterThan(0);
    expect(madeOver.every(({ source }) => source?.repaired === true)).toBe(true);
    expect(pairs.some(({ constraints = [] }) => constraints.length > 1)).toBe(true);
  });

  it('keep, with shorten, the first sentences of the response, and ask for a length then', () => {
    const long = { response: Array.from({ length: 6 }, () => pair.response).join(' ') };
    const whole = countWords(long.response);
    const pairs = made({ hindsight: 16, repair: true, shorten: 1 }, long);
    const short = pairs.filter(({ response }) => countWords(response) < whole / 2);
    expect(short.length).toBeGreaterThan(pairs.length / 2);
    for (const { response, constraints = [] } of short) {
      const groups = constraints.map(({ family }) => constraintFamily(family)?.group);
      expect(groups.filter((group) => group === 'length')).toHaveLength(1);
      expect(constraints.length).toBeLessThanOrEqual(2);
      expect(unmetConstraints(response, constraints)).toEqual([]);
    }
    expect(short.some(({ constraints = [] }) => constraints.length === 2)).toBe(true);
  });

  it('keep the whole response where it may not be made over, or where one constraint is the most', () => {
    for (const without of [{ repair: false }, { perInstruction: 1, families: ['no-digits', 'words-at-most'] }]) {
      const settings = { hindsight: 16, repair: true, shorten: 1, ...without };
      expect(made(settings).map(({ response }) => response)).toEqual(
        made({ ...settings, shorten: 0 }).map(({ response }) => response),
      );
    }
  });

  it('ask for each family about as often, as far as it can be met', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      for (const { constraints = [] } of made({ hindsight: 5, repair: true }, { id: `c-${i}` })) {
        const family = constraints[0]?.family ?? '';
        counts.set(family, (counts.get(family) ?? 0) + 1);
      }
    }
    const [upperCase, withoutLetter] = [counts.get('upper-case') ?? 0, counts.get('without-letter') ?? 0];
    expect(upperCase).toBeGreaterThan(20);
    expect(withoutLetter).toBeLessThan(2 * upperCase);
  });

  it('are of the families that are asked for', () => {
    const pairs = made({ hindsight: 3, repair: true, families: ['upper-case'] });
    expect(pairs.map(({ response }) => response)).toEqual(Array(3).fill(pair.response.toUpperCase()));
  });

  it('are the same for the same seed, and others for another', () => {
    const settings = { hindsight: 4, perInstruction: 2 };
    expect(made(settings)).toEqual(made(settings));
    expect(made(settings, {}, 2)).not.toEqual(made(settings));
  });

  it('are none of a pair that has constraints already, of an empty response, or where none fits', () => {
    const settings = { hindsight: 2 };
    expect(made(settings, { constraints: [{ family: 'no-commas', parameters: {} }] })).toEqual([]);
    expect(made(settings, { response: '' })).toEqual([]);
    expect(made({ ...settings, families: ['upper-case'] })).toEqual([]);
    expect(made({ hindsight: 0 })).toEqual([]);
  });

  it('are held out with the pair that they are made of', () => {
    const dataset = Array.from({ length: 20 }, (_, i) => ({ ...pair, id: `c-1-${i}` })).flatMap((one) => [
      one,
      ...inHindsight(one, constraintsSchema.parse({ hindsight: 3 }), 1, 1),
    ]);
    const { training, heldOut } = splitHeldOut(dataset, 0.25, 1, 1);
    expect(training.length + heldOut.length).toBe(dataset.length);
    expect(heldOut.filter(({ source }) => source?.hindsightOf === undefined)).toHaveLength(5);
    const origin = ({ id }: Pair) => id.replace(/-h\d+$/u, '');
    const trained = new Set(training.map(origin));
    expect(heldOut.some((one) => trained.has(origin(one)))).toBe(false);
  });
});
