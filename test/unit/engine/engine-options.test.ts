import { describe, expect, it } from 'vitest';

import { resolveConfig } from '../../../src/config/resolve.js';
import { endpointOptions, engineOptions, localEngineOptions } from '../../../src/engine/engine-options.js';

describe('the options of an engine', () => {
  it('are a local model where the settings name no endpoint and no judge', () => {
    const config = resolveConfig({ values: { model: 'a.gguf', threads: 3, inference: { packedMemory: 64 } } });
    expect(engineOptions(config)).toEqual(localEngineOptions(config));
    expect(engineOptions(config)).toMatchObject({
      ...{ model: 'a.gguf', device: 'auto', threads: 3, packedBytes: 64 * 1024 ** 2 },
      batch: { parallel: config.inference.parallel },
    });
  });

  it('have the endpoint that writes, and the judge of another file', () => {
    const values = {
      ...{ engine: 'openai', baseUrl: 'http://127.0.0.1:1/v1', engineModel: 'm', enginePrompts: 'raw' },
      ...{ engineConcurrency: 5, engineRetries: 2, engineTimeout: 9, assess: { judge: 'judge.gguf' } },
    };
    const config = resolveConfig({ values });
    expect(engineOptions(config, { apiKey: 'k' })).toMatchObject({
      judge: 'judge.gguf',
      endpoint: {
        ...{ baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k', name: 'm', prompts: 'raw' },
        ...{ concurrency: 5, retries: 2, timeout: 9 },
      },
    });
    expect(endpointOptions(resolveConfig({ values: { assess: { judge: 'current' } } }))).toBeUndefined();
  });

  it('are overridden by how many requests a person wants at a time', () => {
    const values = { engine: 'openai', baseUrl: 'http://127.0.0.1:1/v1', engineConcurrency: 5 };
    const options = engineOptions(resolveConfig({ values }), { parallel: 7 });
    expect([options.batch?.parallel, options.endpoint?.concurrency]).toEqual([7, 7]);
  });
});
