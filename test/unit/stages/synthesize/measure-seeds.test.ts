import { describe, expect, it } from 'vitest';

import type { LanguageModel } from '../../../../src/engine/engine.js';
import { measureSeeds, measuresInWords } from '../../../../src/stages/synthesize/measure-seeds.js';
import { FakeModel } from '../../../support/fake-model.js';

const seeds = Array.from({ length: 24 }, (_, i) => ({
  id: `seed-${i}`,
  instruction: `Instruction ${i}.`,
  input: i % 2 === 0 ? '' : `input ${i}`,
  output: '',
}));
const measure = (by: 'perplexity' | 'density', model: LanguageModel, demonstrations = 3) =>
  measureSeeds({ seeds, by, demonstrations, seed: 5 }, model);

describe('the perplexity of seeds', () => {
  it('is exp of the mean negative log-likelihood of instruction, newline and input as plain text', async () => {
    const model = new FakeModel({ read: ({ id }) => (id === 'seed-1' ? { logprob: -6, tokens: 4 } : {}) });
    const measures = await measure('perplexity', model);
    expect(model.scored.flat()[0]).toEqual({ id: 'seed-0', prompt: { text: '' }, continuation: 'Instruction 0.' });
    expect(model.scored.flat()[1]?.continuation).toBe('Instruction 1.\ninput 1');
    expect(measures).toMatchObject({ by: 'perplexity', perplexity: { 'seed-0': Math.E, 'seed-1': Math.exp(1.5) } });
    expect(measuresInWords(measures, 24)).toBe('seeds of perplexity 2.7 to 4.5, median 2.7');
  });

  it('is missing where it cannot be computed, and an error where none can', async () => {
    const measures = await measure('perplexity', new FakeModel({ fails: ({ id }) => id === 'seed-3' }));
    expect(measures.by === 'perplexity' && 'seed-3' in measures.perplexity).toBe(false);
    expect(measuresInWords(measures, 24)).toMatch(/; 1 of 24 could not be measured and are not shown$/);
    await expect(measure('perplexity', new FakeModel({ fails: () => true }))).rejects.toMatchObject({
      code: 'bad-input',
      message: 'no seed task could be measured; seed-0: request seed-0 is too long',
    });
  });
});

it('needs a model that gives vectors for clusters', async () => {
  const model = Object.assign(new FakeModel(), { embed: undefined }) as unknown as LanguageModel;
  await expect(measure('density', model)).rejects.toMatchObject({ code: 'unsupported-model' });
});
