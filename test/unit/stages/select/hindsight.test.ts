import { describe, expect, it } from 'vitest';

import { constraintsSchema } from '../../../../src/config/constraints-schema.js';
import { constraintFamily, unmetConstraints } from '../../../../src/shared/constraints/check.js';
import type { Pair } from '../../../../src/shared/rows.js';
import { inHindsight, inPart } from '../../../../src/stages/select/hindsight.js';
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
  inHindsight(
    { ...pair, ...of },
    constraintsSchema.parse({ repair: false, beginnings: 0, endings: 0, ...settings }),
    seed,
    1,
  );

const many = (count: number, settings: object, of: Partial<Pair> = {}) =>
  Array.from({ length: count }, (_, i) => made(settings, { ...of, id: `c-1-${i}` })).flat();
const formOf = ({ constraints = [] }: Pair) => constraintFamily(constraints[0]?.family ?? '')?.beginning;

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

  it('ask, as beginnings, for a form each, alone or beside others, and are trained on until it has shown', () => {
    const pairs = many(60, { hindsight: 4, perInstruction: 2, repair: true, beginnings: 1 });
    expect(pairs.length).toBeGreaterThan(180);
    for (const one of pairs) {
      const { tokens, hasEnd } = formOf(one) ?? {};
      expect(tokens).toBeDefined();
      expect(one.trainedTokens).toBe(hasEnd === true ? undefined : tokens); // the response is short
    }
    expect(new Set(pairs.map(({ constraints }) => constraints?.length))).toEqual(new Set([1, 2]));
    const long = pair.response.repeat(3);
    const ofLong = many(20, { hindsight: 4, repair: true, beginnings: 1, families: ['in-quotes'] }, { response: long });
    expect(ofLong.map(({ trainedTokens }) => trainedTokens)).toEqual(Array(80).fill(4));
    const noForms = { hindsight: 4, repair: true, beginnings: 1, families: ['postscript'] };
    expect(many(5, noForms).map(({ trainedTokens }) => trainedTokens)).toEqual(Array(20).fill(undefined));
  });

  it('ask, as beginnings, for a title less often than for other forms', () => {
    const pairs = many(300, { hindsight: 4, repair: true, beginnings: 1 });
    const count = (family: string) => pairs.filter(({ constraints = [] }) => constraints[0]?.family === family).length;
    expect(count('lower-case')).toBeGreaterThan(2 * count('title-line'));
    expect(count('title-line')).toBeGreaterThan(0);
  });

  it('are beginnings by the share that is set, and else what they would be', () => {
    const settings = { hindsight: 6, perInstruction: 2, repair: true };
    const pairs = many(60, { ...settings, beginnings: 0.5 });
    const cut = pairs.filter(({ trainedTokens }) => trainedTokens !== undefined).length;
    expect(cut / pairs.length).toBeGreaterThan(0.35);
    expect(cut / pairs.length).toBeLessThan(0.65);
    expect(pairs.some(({ constraints = [] }) => constraints.length === 2)).toBe(true);
    expect(many(60, settings).every(({ trainedTokens }) => trainedTokens === undefined)).toBe(true);
  });

  it('ask, as endings, for what shows at the end, and are trained on for their last tokens', () => {
    const pairs = many(60, { hindsight: 4, perInstruction: 2, repair: true, endings: 1 });
    expect(pairs.every(({ trainedTokens }) => trainedTokens === -32)).toBe(true);
    expect(pairs.some(({ constraints }) => constraints?.length === 2)).toBe(true);
    const asked = new Set(pairs.map(({ constraints = [] }) => constraints[0]?.family ?? ''));
    expect([...asked]).toEqual(expect.arrayContaining(['ends-with', 'in-quotes', 'json-object', 'words-at-most']));
    expect(asked.has('lower-case')).toBe(false);
    const parts = many(100, { hindsight: 4, repair: true, beginnings: 0.5, endings: 0.3 }).map(
      ({ trainedTokens = 0 }) => Math.sign(trainedTokens),
    );
    const shares = [1, -1, 0].map((sign) => parts.filter((part) => part === sign).length / parts.length);
    expect(shares[1]).toBeGreaterThan(0.2);
    expect(shares[1]).toBeLessThan(0.4);
    expect(Math.min(...shares)).toBeGreaterThan(0.1);
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

describe('a kept pair itself', () => {
  const own = (settings: object, of: Partial<Pair> = {}) =>
    inPart({ ...pair, ...of }, constraintsSchema.parse({ beginnings: 0, endings: 0, ...settings }), 1, 1);

  it('is a beginning or an ending by the same shares', () => {
    expect(own({ beginnings: 1 })).toEqual({ ...pair, trainedTokens: 12 });
    expect(own({ endings: 1 })).toEqual({ ...pair, trainedTokens: -32 });
    expect(own({})).toEqual(pair);
    const parts = Array.from({ length: 200 }, (_, i) => own({ beginnings: 0.5, endings: 0.25 }, { id: `c-${i}` }));
    const count = (tokens: number | undefined) => parts.filter(({ trainedTokens }) => trainedTokens === tokens).length;
    expect(count(12)).toBeGreaterThan(70);
    expect(count(-32)).toBeGreaterThan(25);
    expect(count(undefined)).toBeGreaterThan(25);
  });

  it('stays whole where it has constraints, and where nothing is made in hindsight', () => {
    const constraints = [{ family: 'no-commas', parameters: {} }];
    expect(own({ beginnings: 1 }, { constraints }).trainedTokens).toBeUndefined();
    expect(own({ beginnings: 1, hindsight: 0 })).toEqual(pair);
  });
});
