import { describe, expect, it } from 'vitest';

import { trainSchema } from '../../../../src/config/train-schema.js';
import type { TrainEvent, Trainer, TrainJob, TrainSummary } from '../../../../src/engine/engine.js';
import type { Pair } from '../../../../src/shared/rows.js';
import { splitHeldOut, train } from '../../../../src/stages/train/train.js';

const dataset = (n: number): Pair[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `c-1-${i}`,
    instruction: `Do ${i}`,
    input: i === 0 ? 'x' : '',
    response: `Done ${i}`,
  }));
const ids = (pairs: readonly { id: string }[]) => pairs.map(({ id }) => id);

describe('the held-out split', () => {
  it('parts the dataset, both parts in its order', () => {
    const { training, heldOut } = splitHeldOut(dataset(50), 0.1, 1, 1);
    expect([training.length, heldOut.length]).toEqual([45, 5]);
    expect([...ids(training), ...ids(heldOut)].sort()).toEqual(ids(dataset(50)).sort());
    expect(ids(training)).toEqual(ids(dataset(50)).filter((id) => ids(training).includes(id)));
  });

  it('holds at least one of ten out, and none of fewer', () => {
    expect(splitHeldOut(dataset(10), 0.01, 1, 1).heldOut).toHaveLength(1);
    expect(splitHeldOut(dataset(9), 0.5, 1, 1).heldOut).toHaveLength(0);
    expect(splitHeldOut(dataset(50), 0, 1, 1).heldOut).toHaveLength(0);
  });

  it('depends on seed, iteration and ids, not on the order of the dataset', () => {
    const heldOut = (pairs: Pair[], seed: number, iteration: number) =>
      ids(splitHeldOut(pairs, 0.2, seed, iteration).heldOut).sort();
    const first = heldOut(dataset(40), 1, 1);
    expect(heldOut([...dataset(40)].reverse(), 1, 1)).toEqual(first);
    expect(heldOut(dataset(40), 2, 1)).not.toEqual(first);
    expect(heldOut(dataset(40), 1, 2)).not.toEqual(first);
  });
});

class RecordingTrainer implements Trainer {
  job: TrainJob | undefined;

  async *train(job: TrainJob): AsyncGenerator<TrainEvent, TrainSummary> {
    this.job = job;
    yield await Promise.resolve({ kind: 'held-out', step: 0, held_out_loss: 2, held_out_tokens: 3 } as const);
    return {
      samples: 9,
      tooLong: 0,
      cut: 0,
      cutTokens: 0,
      steps: 1,
      plannedSteps: 1,
      adapterStep: 1,
      tokens: 9,
      lossTokens: 5,
      heldOutLossBase: 2,
      heldOutLossAdapter: 1,
    };
  }
}

describe('train', () => {
  const places = { adapterPath: 'a.gguf', metadata: { 'isheep.iteration': '1' }, checkpointDir: 'checkpoint' };

  it('hands the trainer one job, and its events and summary back', async () => {
    const trainer = new RecordingTrainer();
    const settings = trainSchema.parse({ rank: 4, epochs: 2, validation: 0.1 });
    const events = train({ dataset: dataset(20), iteration: 1, seed: 1, settings, ...places }, trainer);
    expect((await events.next()).value).toMatchObject({ kind: 'held-out' });
    expect(await events.next()).toMatchObject({ done: true, value: { lossTokens: 5 } });
    const { examples, heldOut, settings: asked, ...rest } = trainer.job as TrainJob;
    expect(rest).toEqual(places);
    expect([examples.length, heldOut.length]).toEqual([18, 2]);
    expect(asked).toMatchObject({ rank: 4, epochs: 2 });
    expect(asked).not.toHaveProperty('validation');
    expect([...examples, ...heldOut].find(({ id }) => id === 'c-1-0')).toEqual({
      id: 'c-1-0',
      messages: [{ role: 'user', content: 'Do 0\nx' }],
      response: 'Done 0',
    });
  });

  it('learns at a rate for what most pairs are trained on, where none is set', async () => {
    const rateOf = async (pairs: Pair[], settings: object, isBase = false) => {
      const trainer = new RecordingTrainer();
      await train(
        { dataset: pairs, iteration: 1, seed: 1, settings: trainSchema.parse(settings), isBase, ...places },
        trainer,
      ).next();
      return trainer.job?.settings.learningRate;
    };
    const inPart = (n: number, of: number) =>
      dataset(of).map((pair, i) => (i < n ? { ...pair, trainedTokens: i % 2 === 0 ? 8 : -32 } : pair));
    expect(await rateOf(inPart(5, 9), {})).toBe(1.5e-3);
    expect(await rateOf(inPart(5, 9), {}, true)).toBe(6e-4);
    expect(await rateOf(inPart(4, 9), {})).toBe(3e-4);
    expect(await rateOf(inPart(4, 9), {}, true)).toBe(3e-4);
    expect(await rateOf(inPart(5, 9), { learningRate: 2e-5 })).toBe(2e-5);
  });

  it('refuses an empty dataset', () => {
    const settings = trainSchema.parse({});
    expect(() => train({ dataset: [], iteration: 1, seed: 1, settings, ...places }, new RecordingTrainer())).toThrow(
      'there is no pair to train on',
    );
  });
});
