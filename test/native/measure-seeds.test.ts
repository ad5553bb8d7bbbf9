// The clusters that demonstrations are drawn from, by the addon's k-means on vectors that a test makes up.
import { describe, expect, it } from 'vitest';

import type { EmbedRequest, LanguageModel } from '../../src/engine/engine.js';
import { measureSeeds, measuresInWords } from '../../src/stages/synthesize/measure-seeds.js';
import { FakeModel } from '../support/fake-model.js';

const seeds = Array.from({ length: 24 }, (_, i) => ({
  id: `seed-${i}`,
  instruction: `Instruction ${i}.`,
  input: '',
  output: '',
}));
const measure = (by: 'density', model: LanguageModel, demonstrations = 3) =>
  measureSeeds({ seeds, by, demonstrations, seed: 5 }, model);

describe('the clusters of seeds', () => {
  /** Three groups of eight, far from each other. */
  const withVectors = (): LanguageModel =>
    Object.assign(new FakeModel(), {
      embed: (requests: readonly EmbedRequest[]) =>
        Promise.resolve(
          requests.map((request) => {
            const i = Number(/\d+/.exec('text' in request.prompt ? request.prompt.text : '')?.[0]);
            return {
              id: request.id,
              vector: Float32Array.of(i % 3 === 0 ? 1 : 0, i % 3 === 1 ? 1 : 0, i / 1e4),
              cutTokens: 0,
            };
          }),
        ),
    });

  it('hold what is alike to the model, the same each time', async () => {
    const measures = await measure('density', withVectors());
    if (measures.by !== 'density') throw new Error('it is by density');
    const of = (i: number) => measures.cluster[`seed-${i}`];
    for (let i = 3; i < 24; i++) expect(of(i)).toBe(of(i - 3));
    expect(new Set([of(0), of(1), of(2)]).size).toBe(3);
    expect(await measure('density', withVectors())).toEqual(measures);
    expect(measuresInWords(measures, 24)).toBe('seeds in 3 clusters');
  });

  it('are at least as many as a prompt shows', async () => {
    const measures = await measure('density', withVectors(), 8);
    expect(new Set(Object.values(measures.by === 'density' ? measures.cluster : {})).size).toBe(8);
  });
});
