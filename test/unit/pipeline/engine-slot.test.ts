import { expect, test } from 'vitest';

import type { EngineFactory, OpenTrainer, SwitchableModel } from '../../../src/engine/engine-factory.js';
import { EngineSlot } from '../../../src/pipeline/engine-slot.js';
import { fakeEngine } from '../../support/fake-engine.js';

/** An engine that says what is done with it. */
function toldEngine(): { slot: EngineSlot; said: string[] } {
  const said: string[] = [];
  const fake = fakeEngine();
  const say = (text: string) => {
    said.push(text);
    return Promise.resolve();
  };
  const engine: EngineFactory = {
    ...fake,
    openModel: async (choices): Promise<SwitchableModel> => {
      await say('model opened');
      const model = await fake.openModel(choices);
      return Object.assign(model, {
        setAdapter: (path: string | null) => say(`adapter ${path ?? 'none'}`),
        dispose: () => say('model closed'),
      });
    },
    openTrainer: async (choices): Promise<OpenTrainer> => {
      await say('trainer opened');
      return Object.assign(await fake.openTrainer(choices), { dispose: () => say('trainer closed') });
    },
  };
  return { slot: new EngineSlot(engine, {}), said };
}

test('the model is opened once, and its adapter switched only where it changes', async () => {
  const { slot, said } = toldEngine();
  await slot.model(null);
  await slot.model(null);
  await slot.model('a.gguf');
  await slot.model('a.gguf');
  await slot.model(null);
  expect(said).toEqual(['model opened', 'adapter none', 'adapter a.gguf', 'adapter none']);
});

test('the model is closed before the trainer is opened, and the other way round', async () => {
  const { slot, said } = toldEngine();
  await slot.model('a.gguf');
  await slot.trainer();
  await slot.trainer();
  await slot.model('a.gguf');
  await slot.close();
  await slot.close();
  expect(said).toEqual([
    'model opened',
    'adapter a.gguf',
    'model closed',
    'trainer opened',
    'trainer closed',
    'model opened',
    'adapter a.gguf',
    'model closed',
  ]);
});
