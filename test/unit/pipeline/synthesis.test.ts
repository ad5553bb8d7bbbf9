// How synthesis in a run chooses what to ask: what is measured once and kept, and what a resume draws by.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { resolveConfig } from '../../../src/config/resolve.js';
import type { EmbedRequest } from '../../../src/engine/engine.js';
import type { RunEvent } from '../../../src/pipeline/events.js';
import { plan } from '../../../src/pipeline/plan.js';
import { synthesisMethod } from '../../../src/pipeline/run-inputs.js';
import { runLoop } from '../../../src/pipeline/run.js';
import { RunStore } from '../../../src/store/run-store.js';
import type { SynthesizeRequest } from '../../../src/stages/synthesize/synthesize.js';
import { fakeEngine, type FakeEngineOptions } from '../../support/fake-engine.js';
import { runFolder, smallConfig, stableFiles, type RunFolder } from '../../support/run-folder.js';

const folders: RunFolder[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

const synthesize = (more: object) => ({ chunk: 3, maxTokens: 100, demonstrations: 3, ...more });

function newFolder(overrides: Record<string, unknown>): RunFolder {
  const folder = runFolder(overrides);
  folders.push(folder);
  return folder;
}

/** The fake engine, its model with vectors: two groups of texts. */
function engine(options: FakeEngineOptions = {}, onEmbed: () => void = () => undefined) {
  const fake = fakeEngine(options);
  const openModel = fake.openModel.bind(fake);
  return Object.assign(fake, {
    openModel: async (choices: Parameters<typeof openModel>[0]) =>
      Object.assign(await openModel(choices), {
        embed: (requests: readonly EmbedRequest[]) => {
          onEmbed();
          const vectorOf = (text: string) => Float32Array.of(text.length % 2, text.length / 1000);
          return Promise.resolve(
            requests.map(({ id, prompt }) => ({ id, vector: vectorOf(JSON.stringify(prompt)), cutTokens: 0 })),
          );
        },
      }),
  });
}

const start = ({ runDir, config, modelPath }: RunFolder, by = engine(), events: RunEvent[] = []) =>
  runLoop({ runDir, config, modelPath, engine: by, report: (event) => events.push(event) });

function requestsOf({ runDir }: RunFolder, iteration: number): SynthesizeRequest[] {
  const store = RunStore.openExisting(runDir);
  try {
    return store.rows<SynthesizeRequest>(iteration, 'synthesize', 'request');
  } finally {
    store.close();
  }
}

test.each(['perplexity', 'density'] as const)(
  'by %s the seeds are measured once an iteration, told in its note, and a killed run goes on the same',
  async (demonstrationsBy) => {
    const settings = { synthesize: synthesize({ demonstrationsBy, reusePenalty: 2 }) };
    const whole = newFolder(settings);
    const events: RunEvent[] = [];
    let measured = 0;
    await start(
      whole,
      engine({}, () => (measured += 1)),
      events,
    );
    const notes = events.flatMap((event) =>
      event.kind === 'stage-finished' && event.stage === 'synthesize' ? [event.note] : [],
    );
    const expected =
      demonstrationsBy === 'density' ? /; seeds in \d+ clusters$/ : /; seeds of perplexity [\d.]+ to [\d.]+, median/;
    for (const note of notes) expect(note).toMatch(expected);
    if (demonstrationsBy === 'density') expect(measured).toBe(2);

    const killed = newFolder(settings);
    let calls = 0;
    const dying = engine({
      onCall: (call) => {
        if (call === 'generate' && ++calls === 3) throw new Error('killed');
      },
    });
    await expect(start(killed, dying)).rejects.toThrow('killed');
    let again = 0;
    await start(
      killed,
      engine({}, () => (again += 1)),
    );
    if (demonstrationsBy === 'density') expect(again).toBe(1); // the second iteration's
    expect(stableFiles(killed.runDir)).toEqual(stableFiles(whole.runDir));
  },
);

test('what the seeds are to the tuned model is measured anew', async () => {
  const folder = newFolder({ synthesize: synthesize({ demonstrationsBy: 'perplexity' }) });
  await start(folder);
  const store = RunStore.openExisting(folder.runDir);
  const [first, second] = [1, 2].map((iteration) => store.value(`seed-measures-${iteration}`));
  store.close();
  expect(first).toMatchObject({ by: 'perplexity' });
  expect(second).not.toEqual(first);
});

test('a topic plan is part of what a run is, by its contents', async () => {
  const folder = newFolder({ instructions: 6, iterations: 1 });
  const topics = path.join(folder.dir, 'topics.jsonl');
  writeFileSync(topics, '{"topic":"bees"}\n{"topic":"tides"}\n');
  const config = smallConfig({ ...folder.config, synthesize: { ...folder.config.synthesize, topics } });
  await start({ ...folder, config });
  const asked = requestsOf(folder, 1).map(({ topic }) => topic);
  expect(asked.slice(0, 2).sort()).toEqual(['bees', 'tides']);
  expect(readFileSync(path.join(folder.runDir, 'config.json'), 'utf8')).toContain('"topics": 2');
  writeFileSync(topics, '{"topic":"bees"}\n');
  await expect(start({ ...folder, config })).rejects.toMatchObject({
    code: 'run-changed',
    message: expect.stringContaining('topics (sha256) was') as string,
  });
});

test('what cannot be is refused before an engine is asked for anything', async () => {
  for (const [more, code, message] of [
    [{ topics: '/nowhere/topics.jsonl' }, 'bad-input', 'cannot read /nowhere/topics.jsonl'],
    [{ showOutputs: true }, 'bad-config', 'none of the 1 seed tasks has an output'],
  ] as const) {
    const folder = newFolder({ synthesize: synthesize(more) });
    writeFileSync(path.join(folder.dir, 'seeds.jsonl'), '{"id":"a","instruction":"Name a colour of the sky."}\n');
    const asked = engine();
    const error = { code, message: expect.stringContaining(message) as string };
    await expect(start(folder, asked)).rejects.toMatchObject(error);
    const { runDir, config, modelPath } = folder;
    await expect(plan({ runDir, config, modelPath, engine: asked })).rejects.toMatchObject(error);
    expect(asked.log.opened).toEqual([]);
  }
});

test('an endpoint gives no vectors, and may not tell how likely the seeds are', async () => {
  const flags = new Map(
    Object.entries({ engine: 'openai', baseUrl: 'http://a/v1', 'synthesize.demonstrationsBy': 'density' }).map(
      ([key, value]) => [key, { value, name: `--${key}` }],
    ),
  );
  expect(() => resolveConfig({ flags })).toThrow(
    '--synthesize.demonstrationsBy density needs --engine local: no endpoint gives the vectors of its last layer',
  );
  const settings = { synthesize: synthesize({ demonstrationsBy: 'perplexity' }), assess: { method: 'sampled' } };
  const folder = newFolder(settings);
  const local = engine();
  const remote = Object.assign(engine(), {
    openEndpoint: async (choices = {}) =>
      Object.assign(await local.openModel(choices), { name: 'far', canScore: () => Promise.resolve(false) }),
  });
  await expect(start(folder, remote)).rejects.toMatchObject({
    code: 'unsupported-model',
    message: expect.stringContaining('synthesize.demonstrationsBy perplexity needs a server') as string,
  });
});

test.each([
  ['the user, where the model can and nothing is said of seeds', { seeds: undefined }, true, 'turn'],
  ['seeds where a person gives some', {}, true, 'seeds'],
  ['seeds where a topic plan is asked for', { seeds: undefined, synthesize: { topics: 'own' } }, true, 'seeds'],
  ['seeds where a chat is asked for', { seeds: undefined, synthesize: { form: 'chat' } }, true, 'seeds'],
  ['seeds where the model cannot', { seeds: undefined }, false, 'seeds'],
  ['the user, where turns are to begin with the seeds a person gives', { synthesize: { begun: 0.5 } }, true, 'turn'],
  ['seeds where turns are to begin and the model cannot', { synthesize: { begun: 0.5 } }, false, 'seeds'],
  ['what is asked for', { synthesize: { method: 'turn' } }, true, 'turn'],
])('by default it writes as %s', (_what, more, writesUserTurns, method) => {
  expect(synthesisMethod(newFolder(more).config, { writesUserTurns })).toBe(method);
});

test("that no user's turn can be begun is told", async () => {
  const events: RunEvent[] = [];
  await start(newFolder({ iterations: 1, synthesize: { begun: 0.5 } }), engine(), events);
  const warnings = events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  expect(warnings).toContainEqual(expect.stringMatching(/^synthesize\.begun changes nothing here: the model has no/u));
});

test("users' turns are told as such, and a killed run goes on the same", async () => {
  const settings = { iterations: 1, synthesize: { method: 'turn', begun: 0, chunk: 3, maxTokens: 100 } };
  const [whole, killed] = [newFolder(settings), newFolder(settings)];
  const events: RunEvent[] = [];
  await start(whole, engine(), events);
  const notes = events.flatMap((event) =>
    event.kind === 'stage-finished' && event.stage === 'synthesize' ? [event.note] : [],
  );
  expect(notes).toEqual([expect.stringMatching(/^\d+ instructions kept of \d+ written in \d+ users' turns$/u)]);
  expect(requestsOf(whole, 1)[0]).toMatchObject({ id: 's-1-1', prompt: '', demonstrations: [] });
  let calls = 0;
  const dying = engine({
    onCall: (call) => {
      if (call === 'generate' && ++calls === 2) throw new Error('killed');
    },
  });
  await expect(start(killed, dying)).rejects.toThrow('killed');
  await start(killed);
  expect(stableFiles(killed.runDir)).toEqual(stableFiles(whole.runDir));
});

test('with localNovelty an instruction comes again once a hundred others were kept', async () => {
  const run = async (localNovelty: boolean) => {
    const same = ' The very same old task again here.\nInput: none';
    const folder = newFolder({
      instructions: 230,
      iterations: 1,
      quirks: { localNovelty },
      synthesize: synthesize({ chunk: 16 }),
    });
    const fake = engine();
    const openModel = fake.openModel.bind(fake);
    const repeating = Object.assign(fake, {
      openModel: async (choices: Parameters<typeof openModel>[0]) => {
        const model = await openModel(choices);
        const generate = model.generate.bind(model);
        return Object.assign(model, {
          generate: async (...[requests, call]: Parameters<typeof generate>) =>
            (await generate(requests, call)).map((one) =>
              'text' in one && one.id.startsWith('s-') ? { ...one, text: `${one.text}\nTask 9:${same}` } : one,
            ),
        });
      },
    });
    await start(folder, repeating);
    const text = readFileSync(path.join(folder.runDir, 'iterations', '1', 'pairs.jsonl'), 'utf8');
    return text.split('The very same old task again here.').length - 1;
  };
  expect(await run(false)).toBe(1);
  expect(await run(true)).toBe(3);
});
