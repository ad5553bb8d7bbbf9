// The models of an evaluation: the one that answers and the one that judges, opened late, one local model at a time, and their
// answers remembered.
import type { LanguageModel } from '../engine/engine.js';
import type { EndpointModel, EngineChoices, EngineFactory } from '../engine/engine-factory.js';
import { cacheFolder } from '../shared/cache-folder.js';
import { EvaluationCache } from '../store/evaluation-cache.js';
import { CachedModel } from './cached-model.js';
import { EngineSlot } from './engine-slot.js';
import { identityText, localIdentity, type ModelIdentity, remoteIdentity } from './model-identity.js';

export interface RemoteModels {
  factory: EngineFactory;
  baseUrl: string;
}

export interface EvaluationModelsOptions {
  /** Of the local model that answers or judges. */
  factory: EngineFactory;
  /** Its GGUF file; asked for where it is opened. */
  modelPath: () => string;
  chatTemplate?: string;
  /** The endpoint that answers instead. */
  endpoint?: RemoteModels;
  /** The adapter with which the model judges, where no other model does; null: the base judges. */
  judgeAdapter: string | null;
  /** File of another model that judges; the factory opens it. */
  judgePath?: () => string;
  /** An endpoint that judges. */
  remoteJudge?: RemoteModels;
  /** Ask anew, even what is remembered; the new answers are remembered instead. */
  isFresh: boolean;
}

export class EvaluationModels {
  readonly #options: EvaluationModelsOptions;
  #opened: { slot: EngineSlot; choices: EngineChoices } | undefined;
  readonly #cache: EvaluationCache;
  readonly #remembering: CachedModel[] = [];
  readonly #ofServers: CachedModel[] = [];
  readonly #endpoints: EndpointModel[] = [];
  #endpointName: string | undefined;

  /** Opens the cache, and no model yet. */
  constructor(options: EvaluationModelsOptions) {
    this.#options = options;
    this.#cache = EvaluationCache.open(cacheFolder());
  }

  /** With an adapter, or without one (null). */
  async answering(adapter: string | null): Promise<LanguageModel> {
    const { endpoint } = this.#options;
    if (endpoint === undefined) return this.#local(adapter);
    const { model, name } = await this.#remote(endpoint);
    this.#endpointName = name;
    return model;
  }

  async judging(): Promise<LanguageModel> {
    const { remoteJudge, judgePath, judgeAdapter } = this.#options;
    if (remoteJudge !== undefined) return (await this.#remote(remoteJudge)).model;
    if (judgePath === undefined) return this.#local(judgeAdapter);
    const { slot, choices } = await this.#engine();
    return this.#remember(await slot.judge(), localIdentity(judgePath(), null), choices);
  }

  /** Throws where an endpoint that is to judge cannot be reached, or refuses: known before anything is answered. */
  async checkJudge(): Promise<void> {
    const model = await this.#options.remoteJudge?.factory.openEndpoint?.();
    await model?.dispose();
  }

  /** Of the model behind the endpoint that answered. */
  get endpointName(): string | undefined {
    return this.#endpointName;
  }

  /** Answers that were not computed again. */
  get remembered(): number {
    return sumOf(this.#remembering);
  }

  /** Of these, answers of endpoints. */
  get rememberedOfServers(): number {
    return sumOf(this.#ofServers);
  }

  async close(): Promise<void> {
    this.#cache.close();
    for (const endpoint of this.#endpoints) await endpoint.dispose();
    await this.#opened?.slot.close();
  }

  async #local(adapter: string | null): Promise<LanguageModel> {
    const { modelPath, chatTemplate } = this.#options;
    const { slot, choices } = await this.#engine();
    return this.#remember(await slot.model(adapter), localIdentity(modelPath(), adapter, chatTemplate), choices);
  }

  async #engine(): Promise<{ slot: EngineSlot; choices: EngineChoices }> {
    const { factory } = this.#options;
    if (this.#opened === undefined) {
      const choices = await factory.choose();
      this.#opened = { slot: new EngineSlot(factory, choices), choices };
    }
    return this.#opened;
  }

  async #remote({ factory, baseUrl }: RemoteModels): Promise<{ model: LanguageModel; name: string }> {
    const model = await factory.openEndpoint?.();
    if (model === undefined) throw new Error('an endpoint is named and the engine has none');
    this.#endpoints.push(model);
    const remembering = this.#remember(model, remoteIdentity(baseUrl, model.name), {});
    this.#ofServers.push(remembering);
    return { model: remembering, name: model.name };
  }

  #remember(model: LanguageModel, identity: ModelIdentity, choices: EngineChoices): CachedModel {
    const { isFresh } = this.#options;
    const remembering = new CachedModel(model, this.#cache, identityText(identity, choices), { isFresh });
    this.#remembering.push(remembering);
    return remembering;
  }
}

function sumOf(models: readonly CachedModel[]): number {
  return models.reduce((sum, { remembered }) => sum + remembered, 0);
}
