// What other programs import from "isheep"; docs/library.md shows it at work. Re-exports only.

// Settings
export { presets, type ConfigInput, type PresetName } from './config/presets.js';
export { resolveConfig, type ConfigSources } from './config/resolve.js';
export type { Config } from './config/schema.js';

// Models: writing, reading, training
export { createEngine, type EngineOptions } from './engine/create-engine.js';
export { countTokens, isFailed } from './engine/engine.js';
export type * from './engine/engine.js';
export type * from './engine/engine-factory.js';
export { engineOptions, type EngineOverrides } from './engine/engine-options.js';
export { fetchModel, type FetchOptions, type FetchResult } from './engine/fetch/fetch-model.js';
export { knownModel, knownModels, resolveModel, type KnownModel } from './engine/known-models.js';
export type { ComparedScore, CompareJob, MergeJob, MergeReport, ScaledAdapter } from './engine/merge.js';
export { loadModel, type Model } from './engine/model.js';
export type { ModelOptions } from './engine/model-options.js';

// The loop
export type * from './pipeline/events.js';
export { plan, type Plan, type PlanInput } from './pipeline/plan.js';
export { preview, type Preview, type PreviewInput } from './pipeline/preview.js';
export { runLoop, type RunOptions } from './pipeline/run.js';
export { readStatus, type RunStatus } from './pipeline/status.js';
export { trainedTemplate } from './pipeline/trained-template.js';
export { readTrainPairs, trainFile, type TrainFileJob, type TrainFileResult } from './pipeline/verbs/train.js';

// Measuring
export { evaluate, type Evaluation, type EvaluationCall, type EvaluationWork } from './pipeline/evaluating.js';
export { compareEvaluations, prepareItems, type EvaluateJob, type PreparedItems } from './pipeline/verbs/evaluate.js';
export type * from './stages/evaluate/benchmark.js';
export { benchmarkNamed, benchmarks } from './stages/evaluate/benchmarks/index.js';
export type { Estimate, MetricComparison } from './stages/evaluate/metrics.js';

// Rows and errors
export { errorCodes, IsheepError, type ErrorCode } from './shared/errors.js';
export type * from './shared/rows.js';
