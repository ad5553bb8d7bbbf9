// Which model answers and which judges, that what they said is remembered by what they are, and that nothing stays open.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { GenerateRequest, LanguageModel } from '../../../src/engine/engine.js';
import type { EngineFactory } from '../../../src/engine/engine-factory.js';
import { EvaluationModels, type EvaluationModelsOptions } from '../../../src/pipeline/evaluation-models.js';
import { identityText, localIdentity, remoteIdentity } from '../../../src/pipeline/model-identity.js';
import { fakeEngine } from '../../support/fake-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let folder = '';
const before = process.env.XDG_CACHE_HOME;
beforeEach(() => {
  folder = temporaryFolder();
  process.env.XDG_CACHE_HOME = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
});

function fileOf(name: string, bytes: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** An engine that says which models are open. */
function toldEngine(open: string[]): EngineFactory {
  const fake = fakeEngine();
  const opening = (name: string) => async () => {
    open.push(name);
    const model = await fake.openModel({});
    return Object.assign(model, { name, dispose: () => Promise.resolve(void open.splice(open.indexOf(name), 1)) });
  };
  return { ...fake, openModel: opening('base'), openJudge: opening('judge'), openEndpoint: opening('endpoint') };
}

function modelsWith(over: Partial<EvaluationModelsOptions> = {}): { models: EvaluationModels; open: string[] } {
  const open: string[] = [];
  const modelPath = fileOf('base.gguf', 'the base');
  const options = { factory: toldEngine(open), modelPath: () => modelPath, judgeAdapter: null, isFresh: false };
  return { models: new EvaluationModels({ ...options, ...over }), open };
}

async function said(model: LanguageModel): Promise<unknown> {
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
  const request: GenerateRequest = { id: 'a', prompt: { text: 'x' }, maxTokens: 8, stop: [], sampling, seed: 1 };
  const [completion] = await model.generate([request]);
  return completion;
}

describe('the models of an evaluation', () => {
  it('opens nothing before it is asked for, and leaves nothing open', async () => {
    const { models, open } = modelsWith();
    expect(open).toEqual([]);
    await models.answering(null);
    expect(open).toEqual(['base']);
    await models.close();
    expect(open).toEqual([]);
  });

  it('answers with the adapter and without, and remembers each by what it is', async () => {
    const adapter = fileOf('adapter.gguf', 'an adapter');
    const first = modelsWith();
    const [plain, tuned] = [
      await said(await first.models.answering(null)),
      await said(await first.models.answering(adapter)),
    ];
    expect(tuned).not.toEqual(plain);
    expect(first.models.remembered).toBe(0);
    await first.models.close();

    const second = modelsWith();
    expect(await said(await second.models.answering(null))).toEqual(plain);
    expect(await said(await second.models.answering(adapter))).toEqual(tuned);
    expect(second.models.remembered).toBe(2);
    writeFileSync(adapter, 'an adapter that was trained anew');
    await said(await second.models.answering(adapter));
    expect(second.models.remembered).toBe(2);
    await second.models.close();
  });

  it('asks again what is to be fresh, and remembers it', async () => {
    const fresh = modelsWith({ isFresh: true });
    const first = await said(await fresh.models.answering(null));
    expect(await said(await fresh.models.answering(null))).toEqual(first);
    expect(fresh.models.remembered).toBe(0);
    await fresh.models.close();

    const after = modelsWith();
    expect(await said(await after.models.answering(null))).toEqual(first);
    expect(after.models.remembered).toBe(1);
    await after.models.close();
  });

  it('judges by the base, by the adapter, by another model, or by an endpoint', async () => {
    const adapter = fileOf('adapter.gguf', 'an adapter');
    const judgePath = fileOf('judge.gguf', 'a judge');
    const byBase = modelsWith();
    const byAdapter = modelsWith({ judgeAdapter: adapter });
    expect(await said(await byAdapter.models.judging())).not.toEqual(await said(await byBase.models.judging()));

    const byOther = modelsWith({ judgePath: () => judgePath });
    await byOther.models.judging();
    expect(byOther.open).toEqual(['judge']);

    const open: string[] = [];
    const byEndpoint = modelsWith({ remoteJudge: { factory: toldEngine(open), baseUrl: 'http://127.0.0.1:1/v1' } });
    await byEndpoint.models.judging();
    expect(open).toEqual(['endpoint']);
    for (const { models } of [byBase, byAdapter, byOther, byEndpoint]) await models.close();
    expect([...byOther.open, ...open]).toEqual([]);
  });

  it('answers by an endpoint where there is one', async () => {
    const open: string[] = [];
    const endpoint = { factory: toldEngine(open), baseUrl: 'http://127.0.0.1:1/v1' };
    for (const remembered of [0, 1]) {
      const { models } = modelsWith({ endpoint });
      await said(await models.answering(null));
      expect(open).toEqual(['endpoint']);
      expect([models.endpointName, models.remembered, models.rememberedOfServers]).toEqual([
        'endpoint',
        remembered,
        remembered,
      ]);
      await models.close();
      expect(open).toEqual([]);
    }
  });

  it('finds out whether a judge can be reached before there is anything to judge', async () => {
    const open: string[] = [];
    const { models } = modelsWith({ remoteJudge: { factory: toldEngine(open), baseUrl: 'http://127.0.0.1:1/v1' } });
    await models.checkJudge();
    expect(open).toEqual([]);
    const openEndpoint = () => Promise.reject(new Error('nobody there'));
    const gone = modelsWith({
      remoteJudge: { factory: { ...toldEngine([]), openEndpoint }, baseUrl: 'http://127.0.0.1:1/v1' },
    });
    await expect(gone.models.checkJudge()).rejects.toThrow('nobody there');
    for (const one of [models, gone.models]) await one.close();
  });
});

describe('what answers depend on', () => {
  it('is the bytes of model and adapter, the template, the engine and what it computes with, and no path', () => {
    const bytes = 'the same base';
    const [a, b] = [fileOf('a.gguf', bytes), fileOf('b.gguf', bytes)];
    const adapter = fileOf('adapter.gguf', 'an adapter');
    expect(localIdentity(a, null)).toEqual(localIdentity(b, null));
    const all = [
      localIdentity(a, null),
      localIdentity(a, adapter),
      localIdentity(a, null, 'chatml'),
      localIdentity(fileOf('c.gguf', 'another base'), null),
      remoteIdentity('http://127.0.0.1:1/v1', 'a'),
      remoteIdentity('http://127.0.0.1:2/v1', 'a'),
    ].map((identity) => identityText(identity, {}));
    const choices = { device: 'cpu', threads: 2, packedBytes: 1e9 };
    all.push(identityText(localIdentity(a, null), choices), identityText(localIdentity(a, null), { device: 'cpu' }));
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain(identityText(localIdentity(b, null), { packedBytes: 1e9, device: 'cpu', threads: 1 }));
  });
});
