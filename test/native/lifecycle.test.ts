// Every method of the inference objects in every state: idle, generating, disposed; and their ends in every order.
import { describe, expect, test } from 'vitest';

import type { NativeModel, NativeRunner } from '../../src/native/addon-types.js';
import { createSmallRunner, greedy, loadRealModel, nothing } from '../support/native.js';

const endless = { maxTokens: 200, sampling: { temperature: 1, topK: 0, topP: 1, minP: 0 } };

async function withModel(body: (model: NativeModel, runner: NativeRunner) => Promise<void>): Promise<void> {
  const model = await loadRealModel();
  try {
    await body(model, await createSmallRunner(model));
  } finally {
    await model.dispose();
  }
}

/** A call that runs until it is ended. */
function start(model: NativeModel, runner: NativeRunner): Promise<unknown> {
  const requests = Array.from({ length: 50 }, (_, seed) => greedy(model, 'Once upon a time', { ...endless, seed }));
  const call = runner.generate(requests, nothing);
  call.catch(nothing);
  return call;
}

const interrupted = { code: 'interrupted', message: 'interrupted' };
const disposed = (what: string) => ({ code: 'bad-config', message: `the ${what} is disposed` });

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a runner that generates', () => {
  const busy = { code: 'bad-config', message: 'the runner is busy with another call' };

  test('refuses other calls, and ends its own when it is cancelled', () =>
    withModel(async (model, runner) => {
      const call = start(model, runner);
      expect(thrownBy(() => runner.generate([], nothing))).toMatchObject(busy);
      expect(thrownBy(() => runner.score([], nothing))).toMatchObject(busy);
      expect(thrownBy(() => runner.setAdapters([]))).toMatchObject(busy);
      runner.cancel();
      runner.cancel();
      await expect(call).rejects.toMatchObject(interrupted);
      expect(await runner.generate([greedy(model, 'The')], nothing)).toHaveLength(1);
    }));

  test('ends its call when it is disposed', () =>
    withModel(async (model, runner) => {
      const call = start(model, runner);
      await Promise.all([runner.dispose(), runner.dispose()]);
      await expect(call).rejects.toMatchObject(interrupted);
    }));

  test('ends its call when its model is disposed', () =>
    withModel(async (model, runner) => {
      const call = start(model, runner);
      await model.dispose();
      await expect(call).rejects.toMatchObject(interrupted);
      expect(thrownBy(() => runner.cancel())).toMatchObject(disposed('runner'));
    }));

  test('stops in the middle of a long prompt', () =>
    withModel(async (model) => {
      const runner = await createSmallRunner(model, { sequenceTokens: 4096, batchTokens: 4096, microBatchTokens: 512 });
      const tokens = new Int32Array(4000).fill(100);
      const call = runner.generate([greedy(model, '', { tokens })], nothing);
      const started = performance.now();
      setTimeout(() => runner.cancel(), 100);
      await expect(call).rejects.toMatchObject(interrupted);
      expect(performance.now() - started).toBeLessThan(20_000);
    }));

  test('rejects with what its callback throws', () =>
    withModel(async (model, runner) => {
      const requests = Array.from({ length: 9 }, () => greedy(model, 'The'));
      const call = runner.generate(requests, () => {
        throw new RangeError('not today');
      });
      await expect(call).rejects.toThrow(new RangeError('not today'));
      expect(await runner.generate(requests, nothing)).toHaveLength(9);
    }));
});

describe('an idle runner', () => {
  test('ignores cancel, also for the next call', () =>
    withModel(async (model, runner) => {
      runner.cancel();
      expect(await runner.generate([greedy(model, 'The')], nothing)).toHaveLength(1);
    }));
});

describe('a disposed object', () => {
  test('refuses every method but dispose', () =>
    withModel(async (model, runner) => {
      await runner.dispose();
      await runner.dispose();
      expect(thrownBy(() => runner.generate([], nothing))).toMatchObject(disposed('runner'));
      expect(thrownBy(() => runner.score([], nothing))).toMatchObject(disposed('runner'));
      expect(thrownBy(() => runner.setAdapters([]))).toMatchObject(disposed('runner'));
      expect(thrownBy(() => runner.cancel())).toMatchObject(disposed('runner'));
      await model.dispose();
      await model.dispose();
      expect(thrownBy(() => model.tokenize(['a'], false))).toMatchObject(disposed('model'));
      expect(thrownBy(() => model.detokenize(Int32Array.of(1)))).toMatchObject(disposed('model'));
      expect(thrownBy(() => model.loadAdapter('x'))).toMatchObject(disposed('model'));
      expect(thrownBy(() => createSmallRunner(model))).toMatchObject(disposed('model'));
      expect(model.info.layers).toBe(30);
    }));

  test('may be disposed while a runner is being created', async () => {
    const model = await loadRealModel();
    const creation = createSmallRunner(model);
    creation.catch(nothing);
    await model.dispose();
    await expect(creation).rejects.toMatchObject(disposed('model'));
  });
});

test('wrong options of a runner are an error', () =>
  withModel(async (model) => {
    await expect(createSmallRunner(model, { sequences: 0 })).rejects.toMatchObject({
      code: 'bad-config',
      message: 'sequences is 0; 1 to 256 are possible',
    });
    await expect(createSmallRunner(model, { sequences: 257, batchTokens: 512 })).rejects.toMatchObject({
      code: 'bad-config',
    });
    await expect(createSmallRunner(model, { batchTokens: 2 })).rejects.toMatchObject({ code: 'bad-config' });
  }));
