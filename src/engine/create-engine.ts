// The engine that the settings ask for: llama.cpp on this machine, alone or with an endpoint that writes and judges.
import { type EndpointOptions } from './endpoint/endpoint.js';
import { openEndpoint, refuseOtherModel, type RemoteModelChoice } from './endpoint/open-endpoint.js';
import type { EngineChoices, EngineFactory } from './engine-factory.js';
import { createLlamaEngine, type LlamaEngineOptions } from './llama-engine.js';

export interface EngineOptions extends LlamaEngineOptions {
  endpoint?: EndpointOptions & Omit<RemoteModelChoice, 'fallbackName'>;
}

export function createEngine(options: EngineOptions): EngineFactory {
  const local = createLlamaEngine(options);
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
      return recorded ?? { ...choices, endpointModel: model.name, endpointPrompts: model.prompts };
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
