import { describe, expect, it } from 'vitest';

import { constraintsSchema } from '../../../../src/config/constraints-schema.js';
import { constraintFamily, unmetConstraints } from '../../../../src/shared/constraints/check.js';
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

  it('train, with beginnings, on the first tokens of those whose form shows from the beginning on', () => {
    const settings = { hindsight: 16, perInstruction: 2, repair: true };
    const groupOf = ({ constraints = [] }: Pair) => constraintFamily(constraints[0]?.family ?? '')?.group ?? '';
    const pairs = made({ ...settings, beginnings: 1 });
    const groups = (of: Pair[]) => [...new Set(of.map(groupOf))];
    const [cut, whole] = [pairs.filter((one) => one.trainedTokens === 64), pairs.filter((one) => !one.trainedTokens)];
    expect(cut.length + whole.length).toBe(pairs.length);
    expect(['opening', 'layout', 'case', 'characters']).toEqual(expect.arrayContaining(groups(cut)));
    expect(['length', 'words', 'closing']).toEqual(expect.arrayContaining(groups(whole)));
    const bare = pairs.map(({ trainedTokens: _, ...one }) => one);
    expect(made(settings)).toEqual(bare); // nothing else changes
    const some = made({ ...settings, beginnings: 0.5 }).filter(({ trainedTokens }) => trainedTokens !== undefined);
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(cut.length);
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
