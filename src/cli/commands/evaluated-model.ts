// Which model evaluate evaluates and which one judges, as its options say; opened late, their answers remembered.
import { baseUrlProblem } from '../../config/together.js';
import type { EngineOptions } from '../../engine/create-engine.js';
import { endpointOptions } from '../../engine/engine-options.js';
import { resolveModel } from '../../engine/known-models.js';
import { EvaluationModels } from '../../pipeline/evaluation-models.js';
import { localIdentity, type ModelIdentity, remoteIdentity } from '../../pipeline/model-identity.js';
import { trainedTemplate } from '../../pipeline/trained-template.js';
import type { EvaluateJob } from '../../pipeline/verbs/evaluate.js';
import { adapterOfRun } from '../../pipeline/verbs/merge.js';
import { IsheepError } from '../../shared/errors.js';
import type { Benchmark } from '../../stages/evaluate/benchmark.js';
import type { CommandCall, OptionValues } from '../command.js';
import { endpointAt, overridesOf, refuseLocalOptions } from './endpoint.js';
import { localOptions } from './with-model.js';

/** Beside a known model's name or a path. */
const ownJudges = ['base', 'current'] as const;
type OwnJudge = (typeof ownJudges)[number];

export const judgeChoices =
  'base (the model without its adapter), current (with it), or another model, a name or a path';

export interface EvaluatedModel {
  engine: EngineOptions;
  adapter: string | null;
  /** For the result's file. Hashes the model's file; an endpoint's name is known once it is open. */
  identity(endpointName?: string): Partial<ModelIdentity>;
}

/** Throws `bad-config` for options that do not go together. With given answers only a judge is opened. */
export function evaluatedModel(
  call: CommandCall,
  benchmark: Pick<Benchmark, 'name' | 'needs'>,
  { responses, files }: Pick<EvaluateJob, 'responses' | 'files'>,
): EvaluatedModel {
  const { values, config } = call;
  const isAsked = responses === undefined;
  const judge = values.text('judge');
  const runDir = values.text('run');
  refuseBesideRun(call);
  const ofRun = runDir === undefined ? undefined : adapterOfRun(runDir, values.number('iteration'));
  const adapter = ofRun?.adapter ?? values.text('adapter') ?? null;
  const template = trainedTemplate(adapter === null ? [] : [adapter], config.chatTemplate);
  const endpoint = endpointOptions(config, overridesOf(call));
  if (endpoint !== undefined) refuseLocalOptions(call);
  const comparesWithBase = benchmark.needs.baseAnswers === true && files.baseline === undefined;
  if (isAsked && adapter === null && (values.text('against') === 'base' || comparesWithBase)) {
    const what = comparesWithBase ? benchmark.name : '--against base';
    throw new IsheepError('bad-config', `${what} compares with the model without its adapter, and there is none`, {
      hint: `give --adapter or --run${comparesWithBase ? ', or the other answers by --baseline' : ', or the result of another evaluation'}`,
    });
  }
  if (judge !== undefined && !isOwnJudge(judge)) resolveModel(judge); // throws where there is no such model
  const engine: EngineOptions = {
    ...localOptions(call),
    ...(ofRun && { model: ofRun.model }),
    ...(template !== undefined && { chatTemplate: template }),
    ...(endpoint && { endpoint }),
    ...(judge !== undefined && !isOwnJudge(judge) && { judge }),
  };
  const identity = (endpointName?: string) =>
    endpoint === undefined
      ? localIdentity(resolveModel(engine.model), adapter, template)
      : remoteIdentity(endpoint.baseUrl, endpointName ?? endpoint.name ?? '');
  return { engine, adapter, identity: isAsked ? identity : () => ({}) };
}

function refuseBesideRun(call: CommandCall): void {
  const { values } = call;
  if (values.text('run') === undefined) {
    if (values.number('iteration') === undefined) return;
    throw new IsheepError('bad-config', '--iteration has no meaning without --run', {
      hint: 'name a run with --run DIR',
    });
  }
  const both = ['adapter', 'model'].filter((option) => values.has(option));
  if (both.length === 0) return;
  const problems = both.map((option) => `--${option} and --run cannot be given together`);
  throw new IsheepError('bad-config', problems.join('\n'), { hint: 'a run has its own base and adapters' });
}

function isOwnJudge(judge: string): judge is OwnJudge {
  return (ownJudges as readonly string[]).includes(judge);
}

/** Opens nothing yet but the cache. */
export function openModels({ engine, adapter }: EvaluatedModel, call: CommandCall): EvaluationModels {
  const { values, createEngine } = call;
  const { endpoint, ...local } = engine;
  const judgeUrl = values.text('judge-url');
  const { judge } = engine;
  return new EvaluationModels({
    factory: createEngine(local),
    modelPath: () => resolveModel(engine.model),
    ...(engine.chatTemplate !== undefined && { chatTemplate: engine.chatTemplate }),
    ...(endpoint && { endpoint: { factory: createEngine(engine), baseUrl: endpoint.baseUrl } }),
    judgeAdapter: values.text('judge') === 'current' ? adapter : null,
    ...(judge !== undefined && { judgePath: () => resolveModel(judge) }),
    ...(judgeUrl !== undefined && {
      remoteJudge: {
        factory: createEngine({ ...engine, endpoint: endpointAt(call, judgeUrl) }),
        baseUrl: judgeUrl,
      },
    }),
    isFresh: values.flag('fresh'),
  });
}

/** Throws `bad-config` with all options of models, judges and programs that the benchmark has no use for. */
export function refuseUnused({ name, needs }: Pick<Benchmark, 'name' | 'needs'>, values: OptionValues): void {
  const [judge, judgeUrl] = [values.text('judge'), values.text('judge-url')];
  const unjudged = needs.judge === true ? [] : [judge && `--judge ${judge}`, judgeUrl && `--judge-url ${judgeUrl}`];
  const isAsked = values.text('responses') === undefined || needs.judge === true;
  const unasked = isAsked ? [] : ['model', 'adapter', 'run', 'chat-template', 'fresh'].filter((one) => values.has(one));
  const badUrl = judgeUrl === undefined ? undefined : baseUrlProblem(judgeUrl);
  const problems = [
    ...unjudged.flatMap((option) => (option === undefined ? [] : [`${option}: ${name} has no judge`])),
    ...(judge !== undefined && judgeUrl !== undefined ? ['--judge and --judge-url are two judges; give one'] : []),
    ...(badUrl === undefined ? [] : [`--judge-url must be an address such as http://127.0.0.1:8080/v1; ${badUrl}`]),
    ...unasked.map((option) => `--${option}: no model is asked where --responses are given`),
    ...(values.flag('unsandboxed') && needs.programs !== true ? [`--unsandboxed: ${name} runs no programs`] : []),
  ];
  if (problems.length === 0) return;
  throw new IsheepError('bad-config', problems.join('\n'), { hint: 'isheep evaluate --help names the options' });
}
