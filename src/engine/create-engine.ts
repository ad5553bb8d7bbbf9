// The engine that the settings ask for: llama.cpp on this machine, alone or with an endpoint that writes and judges.
import { type EndpointOptions } from './endpoint/endpoint.js';
import { openEndpoint, refuseOtherModel, type RemoteModelChoice } from './endpoint/open-endpoint.js';
import type { EngineChoices, EngineFactory } from './engine-factory.js';
import { createLlamaEngine, type LlamaEngineOptions } from './llama-engine.js';

export interface EngineOptions extends LlamaEngineOptions {
  endpoint?: EndpointOptions & Omit<RemoteModelChoice, 'fallbackName'>;
  /** A model that judges instead of the one that writes: a known name or a path. */
  judge?: string;
}

export function createEngine(options: EngineOptions): EngineFactory {
  const local = withJudge(createLlamaEngine(options), options);
  const { endpoint } = options;
  if (endpoint === undefined) return local;
  const open = (recorded: EngineChoices | undefined, more: Partial<RemoteModelChoice> = {}) =>
    openEndpoint(endpoint, { ...endpoint, ...recordedChoice(recorded), fallbackName: options.model, ...more });
  return {
    ...local,
    openEndpoint: (recorded) => open(recorded),
    // Which model a name stood for when the run began, and how it is prompted, are kept.
    choose: async (recorded) => {
      const choices = await local.choose(recorded);
      const { endpointModel } = recorded ?? {};
      if (typeof endpointModel === 'string' && endpoint.name === undefined) {
        await refuseOtherModel(endpoint, endpointModel);
      }
      const model = await open(recorded, { needsRaw: true });
      await model.dispose();
      return recorded ? choices : { ...choices, endpointModel: model.name, endpointPrompts: model.prompts };
    },
  };
}

/** The judge has its own chat template or none: the one that is chosen for the base is the base's. */
function withJudge(engine: EngineFactory, { judge, chatTemplate, ...options }: EngineOptions): EngineFactory {
  if (judge === undefined) return engine;
  const judging = createLlamaEngine({ ...options, model: judge });
  return {
    ...engine,
    openJudge: (choices) => judging.openModel(choices),
    check: async (use) => {
      await engine.check(use);
      await judging.check();
    },
  };
}

function recordedChoice(recorded: EngineChoices | undefined): Partial<RemoteModelChoice> {
  const { endpointModel, endpointPrompts } = recorded ?? {};
  return {
    ...(typeof endpointModel === 'string' && { name: endpointModel }),
    ...((endpointPrompts === 'chat' || endpointPrompts === 'raw') && { prompts: endpointPrompts }),
  };
}
