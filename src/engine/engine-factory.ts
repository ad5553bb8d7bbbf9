// What the pipeline needs to open an engine. Models are opened late and closed before training, so that the weights are
// in memory once; a fake of this is what the pipeline's tests run on.
import type { LanguageModel, MemoryForecast, MemorySettings, Trainer, TrainingExample } from './engine.js';
import type { ComparedScore, CompareJob, MergeJob, MergeReport } from './merge.js';

/** What the machine and the settings led to: threads, device, CPU library… Stored with a run and reused on resume. */
export type EngineChoices = Readonly<Record<string, string | number | boolean>>;

/** A base model whose adapter is switched live. Owns its memory until it is disposed. */
export interface SwitchableModel extends LanguageModel {
  /** Path of the adapter that applies to the calls that follow; null: the base alone. */
  setAdapter(path: string | null): Promise<void>;
  dispose(): Promise<void>;
}

/** The model behind an endpoint: it writes and judges, and no adapter of ours can be put on it. */
export interface EndpointModel extends LanguageModel {
  /** As the server knows it. */
  readonly name: string;
  dispose(): Promise<void>;
}

export interface OpenTrainer extends Trainer {
  dispose(): Promise<void>;
}

/** Shows what the trainer sees of an example. */
export interface ExampleTokenizer {
  /** Tokens of an example and how many of them, from the front, are context. */
  exampleTokens(example: TrainingExample): { tokens: ArrayLike<number>; context: number };
  /** The text of each token, special ones included. */
  pieces(tokens: ArrayLike<number>): string[];
  dispose(): Promise<void>;
}

export interface EngineFactory {
  /** Checks the base without loading its weights: readable and supported; for `training` also that it can be trained and
   *  has a chat template. Throws what is wrong. */
  check(use?: 'training'): Promise<void>;
  /** The memory of a training at its maximum length, without taking it. Throws `not-enough-memory` with the longest that fits. */
  forecastTraining(choices: EngineChoices, settings: MemorySettings): Promise<MemoryForecast>;
  /** Decides what depends on the machine. `recorded` is taken over as it is; throws where it no longer fits. */
  choose(recorded?: EngineChoices): Promise<EngineChoices>;
  openModel(choices: EngineChoices): Promise<SwitchableModel>;
  /** Present where an endpoint writes and judges instead of the base and its adapters; `openModel` still opens the base. */
  openEndpoint?(choices?: EngineChoices): Promise<EndpointModel>;
  /** Present where another model than the base and its adapters judges. */
  openJudge?(choices: EngineChoices): Promise<SwitchableModel>;
  openTrainer(choices: EngineChoices): Promise<OpenTrainer>;
  /** Writes the base with adapters merged in. */
  merge(choices: EngineChoices, job: MergeJob): Promise<MergeReport>;
  /** Bytes of the file that a merge into `type` would write. */
  mergedBytes(type: string): number;
  /** What a merged model costs, pair by pair, against the base with its adapters live. Loads both. */
  compareMerged(choices: EngineChoices, job: CompareJob): Promise<ComparedScore[]>;
  /** Loads the vocabulary, no weights. */
  openTokenizer(): Promise<ExampleTokenizer>;
}
