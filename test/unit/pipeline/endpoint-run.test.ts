// A run whose texts an endpoint writes and judges, while training and comparing stay with the local engine.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import type { EndpointModel, EngineFactory } from '../../../src/engine/engine-factory.js';
import type { RunEvent } from '../../../src/pipeline/events.js';
import { plan } from '../../../src/pipeline/plan.js';
import { runLoop } from '../../../src/pipeline/run.js';
import { fakeEngine } from '../../support/fake-engine.js';
import { runFolder, type RunFolder } from '../../support/run-folder.js';

/** The fake engine with an endpoint beside it; `asked` tells which of the two was asked for what. */
function engineWithEndpoint(can: readonly string[] = []) {
  const asked: string[] = [];
  const fake = fakeEngine({ onCall: (call) => asked.push(`local ${call}`) });
  const remote = fakeEngine({ onCall: (call) => asked.push(`endpoint ${call}`) });
  const engine: EngineFactory = {
    ...fake,
    choose: (recorded) =>
      Promise.resolve(recorded ?? { threads: 2, endpointModel: 'big-model', endpointPrompts: 'chat' }),
    openEndpoint: async (choices = {}): Promise<EndpointModel> => {
      const model = await remote.openModel(choices);
      const canScore = (what: string) => Promise.resolve(can.includes(what));
      return Object.assign(model, {
        name: 'big-model',
        canScore,
        keepsGrammars: () => Promise.resolve(can.includes('grammar')),
        dispose: () => Promise.resolve(void asked.push('closed')),
      });
    },
  };
  return { engine, asked };
}

const settings = {
  engine: 'openai',
  baseUrl: 'http://127.0.0.1:1/v1',
  assess: { method: 'expected', chunk: 7 },
  select: { threshold: 0 },
};

const start = ({ runDir, config, modelPath }: RunFolder, engine: EngineFactory, events: RunEvent[] = []) =>
  runLoop({ runDir, config, modelPath, engine, report: (event) => events.push(event) });

test('the endpoint writes and judges in every iteration, and the base is trained and compared with', async () => {
  const folder = runFolder(settings);
  const { engine, asked } = engineWithEndpoint(['next']);
  const events: RunEvent[] = [];
  const summary = await start(folder, engine, events);
  const order = asked.filter((one, i) => one !== asked[i - 1]);
  const iteration = ['endpoint generate', 'endpoint score', 'local step', 'local score'];
  expect(order).toEqual(['closed', ...iteration, ...iteration, 'closed']);
  expect(summary.iterations.map(({ model }) => model)).toEqual([{ endpoint: 'big-model' }, { endpoint: 'big-model' }]);
  const warnings = events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  expect(warnings).toEqual([expect.stringContaining('big-model writes and judges in every iteration') as string]);
  const record = readFileSync(path.join(folder.runDir, 'config.json'), 'utf8');
  expect(record).toContain('"endpointModel": "big-model"');
  folder.remove();
});

test('a way to judge that the endpoint has not is refused before anything is written', async () => {
  const folder = runFolder({ ...settings, assess: { method: 'likelihood' } });
  const { engine, asked } = engineWithEndpoint(['next']);
  await expect(start(folder, engine)).rejects.toMatchObject({ code: 'unsupported-model' });
  expect(asked).toEqual(['closed']);
  // The same folder takes other settings then.
  const other = runFolder(settings);
  await start({ ...other, runDir: folder.runDir }, engine);
  folder.remove();
  other.remove();
});

test('all that the server cannot do is told at once, before the folder is bound to the settings', async () => {
  const more = { constrained: true, demonstrationsBy: 'perplexity', method: 'seeds' };
  const folder = runFolder({ ...settings, synthesize: more, assess: { method: 'sampled', constrained: true } });
  const { engine, asked } = engineWithEndpoint();
  const failure = await start(folder, engine).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'unsupported-model' });
  expect(String(failure)).toContain('synthesize.constrained needs a server that keeps to a grammar (GBNF)');
  expect(String(failure)).toContain('assess.constrained needs a server that keeps to a grammar (GBNF)');
  expect(String(failure)).toContain('demonstrationsBy perplexity needs a server that tells log-probabilities');
  expect(asked).toEqual(['closed']);
  const other = runFolder(settings);
  await start({ ...other, runDir: folder.runDir }, engineWithEndpoint(['next']).engine);
  folder.remove();
  other.remove();
});

test('auto tries what the endpoint can', async () => {
  const folder = runFolder({ ...settings, iterations: 1, assess: { method: 'auto' } });
  const { engine } = engineWithEndpoint(['next']);
  const summary = await start(folder, engine);
  expect(summary.iterations[0]?.assess).toMatchObject({ method: expect.stringMatching(/expected|sampled/) as string });
  folder.remove();
});

test('a continued run may find the server at another address, not another model', async () => {
  const folder = runFolder({ ...settings, iterations: 1 });
  const { engine } = engineWithEndpoint(['next']);
  await start(folder, engine);
  const moved = { ...folder.config, baseUrl: 'http://127.0.0.1:2/v1', engineConcurrency: 2, engineRetries: 0 };
  await start({ ...folder, config: moved }, engine);
  const other = { ...folder.config, engineModel: 'other' };
  await expect(start({ ...folder, config: other }, engine)).rejects.toMatchObject({ code: 'run-changed' });
  folder.remove();
});

test('a plan measures the endpoint', async () => {
  const folder = runFolder({ ...settings, assess: { method: 'auto' } });
  const { engine, asked } = engineWithEndpoint();
  const { notes, measured } = await plan({ ...folder, engine });
  expect(asked).toContain('endpoint generate');
  expect(asked).not.toContain('local generate');
  expect(measured.assess.method).toBe('sampled');
  expect(notes.join()).toContain('timed as sampled');
  folder.remove();
});
