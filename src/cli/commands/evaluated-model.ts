// Which model evaluate evaluates and which one judges, as its options say; opened late, their answers remembered.
import type { EngineOptions } from '../../engine/create-engine.js';
import { resolveModel } from '../../engine/known-models.js';
import type { LanguageModel } from '../../engine/engine.js';
import { CachedModel } from '../../pipeline/cached-model.js';
import { EngineSlot } from '../../pipeline/engine-slot.js';
import { identityText, localIdentity, type ModelIdentity, remoteIdentity } from '../../pipeline/model-identity.js';
import { adapterOfRun, trainedTemplate } from '../../pipeline/verbs/merge.js';
import { cacheFolder } from '../../shared/cache-folder.js';
import { IsheepError } from '../../shared/errors.js';
import { EvaluationCache } from '../../store/evaluation-cache.js';
import type { CommandCall } from '../command.js';
import { endpointAt, endpointOf, refuseLocalOptions } from './endpoint.js';
import { engineOptions } from './with-model.js';

/** Beside a known model's name or a path. */
const ownJudges = ['base', 'current'] as const;
type OwnJudge = (typeof ownJudges)[number];

export const judgeChoices =
  'base (the model without its adapter), current (with it), or another model, a name or a path';

export interface EvaluatedModel {
  engine: EngineOptions;
  adapter: string | null;
  /** For the result's file. Hashes the model's file. */
  identity(): Partial<ModelIdentity>;
}

/** Throws `bad-config` for options that do not go together. Without `isAsked` only a judge is opened. */
export function evaluatedModel(call: CommandCall, isAsked: boolean): EvaluatedModel {
  const { values, config } = call;
  const judge = values.text('judge');
  const runDir = values.text('run');
  const ofRun = runDir === undefined ? undefined : adapterOfRun(runDir, values.number('iteration'));
  if (ofRun !== undefined && values.text('adapter') !== undefined) {
    throw new IsheepError('bad-config', '--adapter and --run cannot be given together', {
      hint: 'leave one of them out',
    });
  }
  if (ofRun === undefined && values.number('iteration') !== undefined) {
    throw new IsheepError('bad-config', '--iteration has no meaning without --run', {
      hint: 'name a run with --run DIR',
    });
  }
  const adapter = ofRun?.adapter ?? values.text('adapter') ?? null;
  const template = trainedTemplate(adapter === null ? [] : [adapter], config.chatTemplate ?? ofRun?.chatTemplate);
  const endpoint = endpointOf(call);
  if (endpoint !== undefined) refuseLocalOptions(call);
  const engine: EngineOptions = {
    ...engineOptions(call),
    ...(ofRun && { model: ofRun.model }),
    ...(template !== undefined && { chatTemplate: template }),
    ...(endpoint && { endpoint }),
    ...(judge !== undefined && !isOwnJudge(judge) && { judge }),
  };
  const identity = () =>
    endpoint === undefined
      ? localIdentity(resolveModel(engine.model), adapter, template)
      : remoteIdentity(endpoint.baseUrl, endpoint.name ?? '');
  return { engine, adapter, identity: isAsked ? identity : () => ({}) };
}

function isOwnJudge(judge: string): judge is OwnJudge {
  return (ownJudges as readonly string[]).includes(judge);
}

export interface OpenModels {
  answering(adapter: string | null): Promise<LanguageModel>;
  judging(): Promise<LanguageModel>;
  /** Answers that were not computed again. */
  remembered(): number;
  close(): Promise<void>;
}

/** Opens nothing yet but the cache. */
export async function openModels({ engine, adapter }: EvaluatedModel, call: CommandCall): Promise<OpenModels> {
  const { values, createEngine } = call;
  const factory = createEngine(engine);
  const slot = new EngineSlot(factory, await factory.choose());
  const judgeUrl = values.text('judge-url');
  const remoteJudge =
    judgeUrl === undefined ? undefined : createEngine({ ...engine, endpoint: endpointAt(call, judgeUrl) });
  const cache = values.flag('no-cache') ? undefined : EvaluationCache.open(cacheFolder());
  const cached: CachedModel[] = [];
  const remember = (model: LanguageModel, identity: ModelIdentity): LanguageModel => {
    if (cache === undefined) return model;
    const remembering = new CachedModel(model, cache, identityText(identity));
    cached.push(remembering);
    return remembering;
  };
  const local = async (of: string | null) =>
    remember(await slot.model(of), localIdentity(resolveModel(engine.model), of, engine.chatTemplate));
  const endpoints: { dispose(): Promise<void> }[] = [];
  const remote = async (from: typeof factory, baseUrl: string) => {
    const model = await from.openEndpoint?.();
    if (model === undefined) throw new Error('an endpoint is named and the engine has none');
    endpoints.push(model);
    return remember(model, remoteIdentity(baseUrl, model.name));
  };
  return {
    answering: (of) => (engine.endpoint === undefined ? local(of) : remote(factory, engine.endpoint.baseUrl)),
    judging: async () => {
      if (remoteJudge !== undefined && judgeUrl !== undefined) return remote(remoteJudge, judgeUrl);
      if (engine.judge !== undefined)
        return remember(await slot.judge(), localIdentity(resolveModel(engine.judge), null));
      return local(values.text('judge') === 'current' ? adapter : null);
    },
    remembered: () => cached.reduce((sum, { remembered }) => sum + remembered, 0),
    close: async () => {
      cache?.close();
      for (const endpoint of endpoints) await endpoint.dispose();
      await slot.close();
    },
  };
}
