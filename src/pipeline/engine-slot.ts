// Keeps one engine open at a time: the model that generates and judges, another judge, or the trainer. A machine that fits one
// must not need room for two.
import type { LanguageModel } from '../engine/engine.js';
import type {
  EndpointModel,
  EngineChoices,
  EngineFactory,
  OpenTrainer,
  SwitchableModel,
} from '../engine/engine-factory.js';
import type { ComparedScore, CompareJob, MergeJob, MergeReport } from '../engine/merge.js';

export class EngineSlot {
  private openModel: SwitchableModel | undefined;
  private openTrainer: OpenTrainer | undefined;
  private openJudge: SwitchableModel | undefined;
  private openEndpoint: EndpointModel | undefined;
  /** undefined: no adapter was set since the model was opened. */
  private adapter: string | null | undefined;

  constructor(
    private readonly factory: EngineFactory,
    private readonly choices: EngineChoices,
  ) {}

  /** The base with `adapter` (null: without one); opened where it is not, after the trainer is closed. */
  async model(adapter: string | null): Promise<SwitchableModel> {
    if (this.openModel === undefined) await this.closeLocal();
    this.openModel ??= await this.factory.openModel(this.choices);
    if (this.adapter !== adapter) {
      await this.openModel.setAdapter(adapter);
      this.adapter = adapter;
    }
    return this.openModel;
  }

  /** What writes and judges where the base would with `adapter`: that, or the endpoint, which takes no memory here and stays
   *  what it is. */
  async writer(adapter: string | null): Promise<LanguageModel> {
    if (this.factory.openEndpoint === undefined) return this.model(adapter);
    this.openEndpoint ??= await this.factory.openEndpoint(this.choices);
    return this.openEndpoint;
  }

  /** The trainer; opened where it is not, after the model is closed. */
  async trainer(): Promise<OpenTrainer> {
    if (this.openTrainer === undefined) await this.closeLocal();
    this.openTrainer ??= await this.factory.openTrainer(this.choices);
    return this.openTrainer;
  }

  /** Another model, which only judges; opened where it is not, after the others are closed. */
  async judge(): Promise<LanguageModel> {
    if (this.openJudge !== undefined) return this.openJudge;
    if (this.factory.openJudge === undefined)
      throw new Error('the settings name another judge, and the engine has none');
    await this.closeLocal();
    this.openJudge = await this.factory.openJudge(this.choices);
    return this.openJudge;
  }

  async close(): Promise<void> {
    const { openEndpoint } = this;
    this.openEndpoint = undefined;
    await openEndpoint?.dispose();
    await this.closeLocal();
  }

  /** Writes base and adapters as one model, with nothing else open. */
  async merge(job: MergeJob): Promise<MergeReport> {
    await this.closeLocal();
    return this.factory.merge(this.choices, job);
  }

  /** Compares a merged model with base and adapters; both are open meanwhile, mapped from their files. */
  async compareMerged(job: CompareJob): Promise<ComparedScore[]> {
    await this.closeLocal();
    return this.factory.compareMerged(this.choices, job);
  }

  private async closeLocal(): Promise<void> {
    const { openModel, openTrainer, openJudge } = this;
    this.openModel = undefined;
    this.openTrainer = undefined;
    this.openJudge = undefined;
    this.adapter = undefined;
    await openModel?.dispose();
    await openTrainer?.dispose();
    await openJudge?.dispose();
  }
}
