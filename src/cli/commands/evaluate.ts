import { z } from 'zod';

import { benchmarkFolder, fetchedFiles, knownBenchmarks } from '../../engine/known-benchmarks.js';
import { openSandbox } from '../../engine/sandbox/sandbox.js';
import { asksJudge, evaluate, type Evaluation } from '../../pipeline/evaluating.js';
import {
  chooseFiles,
  compareEvaluations,
  differentSettings,
  evaluationFile,
  fileHashes,
  optionOf,
  prepareItems,
  readEvaluation,
  refuseOtherItems,
  refuseUnread,
  type EvaluateJob,
  type PreparedItems,
} from '../../pipeline/verbs/evaluate.js';
import { writeFileAtomically } from '../../shared/atomic-file.js';
import { attemptAll } from '../../shared/attempt-all.js';
import { IsheepError } from '../../shared/errors.js';
import { type Benchmark, type BenchmarkFiles, fileRoles, type FileRole } from '../../stages/evaluate/benchmark.js';
import { benchmarkNamed, benchmarks } from '../../stages/evaluate/benchmarks/index.js';
import { type Command, type CommandCall, type CommandResult, type OptionValues, refuseGiven } from '../command.js';
import { evaluationText } from '../evaluation-text.js';
import { formatTable, formatUnits } from '../format.js';
import {
  chatTemplateOption,
  endpointOptions,
  inferenceOptions,
  modelOptions,
  option,
  pathOption,
  settingOption,
} from '../options.js';
import { type EvaluatedModel, evaluatedModel, judgeChoices, openModels, refuseUnused } from './evaluated-model.js';

const against = 'base';

export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: 'a benchmark on a model, with intervals; without a name, lists them',
  positional: { name: 'benchmark', description: 'which benchmark', required: false },
  options: [
    ...(Object.keys(fileRoles) as FileRole[]).map((role) =>
      pathOption(optionOf(role).slice(2), `a file: ${fileRoles[role]}`, { defaultText: 'as fetched' }),
    ),
    pathOption('responses', 'answers that are scored instead of asking a model: the official form, or id and response'),
    pathOption('out', 'where the result goes (JSON): metrics, and every item', { writes: 'file' }),
    option('limit', 'items at most; the same ones every time', z.number().int().min(1), { defaultText: 'all' }),
    option('shots', 'examples before each item', z.number().int().min(0), { defaultText: "the benchmark's own" }),
    option(
      'form',
      'how questions are asked: in plain text, or in a message by the chat template',
      z.enum(['raw', 'chat']),
      {
        defaultText: 'raw, or what the benchmark is defined by',
      },
    ),
    option('samples', 'answers an item, where a benchmark takes several', z.number().int().min(1), {
      defaultText: '1',
    }),
    option('max-tokens', 'most tokens of an answer', z.number().int().min(1), { defaultText: "the benchmark's own" }),
    option('temperature', 'of an answer; 0 is greedy', z.number().min(0), { defaultText: "the benchmark's own" }),
    option(
      'against',
      `a result of an earlier evaluation, or "${against}": the same model without its adapter`,
      z.string(),
    ),
    option('judge', `who judges, where a benchmark needs it: ${judgeChoices}`, z.string().min(1), {
      defaultText: 'base',
    }),
    option('judge-url', 'an OpenAI-compatible endpoint that judges instead: http://host:port/v1', z.string().min(1)),
    option(
      'unsandboxed',
      'run programs that the model wrote with your own rights where nothing can shut them in',
      z.boolean(),
    ),
    option(
      'fresh',
      'ask the model again even where its answers are remembered; the new ones are remembered instead',
      z.boolean(),
    ),
    option('adapter', 'a LoRA adapter (GGUF) that is applied to the model', z.string().min(1)),
    pathOption('run', 'a run, instead of --model and --adapter: its base and the adapter of an iteration'),
    option('iteration', 'of the run', z.number().int().min(1), { defaultText: 'the best one' }),
    chatTemplateOption,
    settingOption('inference.parallel', 'parallel'),
    ...inferenceOptions,
    ...endpointOptions,
    ...modelOptions,
  ],
  examples: [
    ['isheep evaluate', 'the benchmarks, and which of them are on this machine'],
    ['isheep evaluate ifeval --limit 100 --adapter adapter.gguf --against base', 'did it get better?'],
    ['isheep evaluate ifeval --responses answers.jsonl', 'answers of any program'],
  ],
  run: (call) => {
    const { values } = call;
    const name = values.text('benchmark');
    if (name !== undefined) return runBenchmark(benchmarkNamed(name), call);
    const own = evaluateCommand.options.map((option) => option.name);
    refuseGiven(values, own, 'of which benchmark, is to be said: isheep evaluate BENCHMARK');
    return Promise.resolve(list());
  },
};

function list(): CommandResult {
  const known = new Set(knownBenchmarks().map(({ name }) => name));
  const rows = benchmarks.map(({ name, about, needs }) => {
    const fetched = fetchedFiles(name);
    const isHere = needs.files.every((role) => fetched[role] !== undefined);
    const where = isHere ? 'here' : known.has(name) ? `isheep fetch ${name}` : needs.files.map(optionOf).join(' ');
    return { name, about, where, folder: benchmarkFolder(name) };
  });
  return { text: formatTable(rows.map(({ name, where, about }) => [name, where, about])), data: { benchmarks: rows } };
}

async function runBenchmark(benchmark: Benchmark, call: CommandCall): Promise<CommandResult> {
  const { values, output } = call;
  const job = jobOf(benchmark, call);
  const other = values.text('against');
  const stored = other === undefined || other === against ? undefined : readEvaluation(other, benchmark.name);
  const prepared = prepareItems(job);
  if (prepared.unanswered > 0) {
    output.warning(`${formatUnits(prepared.unanswered, 'items')} of ${prepared.of} have no answer and are left out`);
  }
  for (const note of benchmark.notes?.(job.files, asksJudge({ benchmark, ...prepared })) ?? []) output.note(note);
  const differences = stored && job.responses === undefined ? differentSettings(job.settings, stored.settings) : [];
  if (differences.length > 0) {
    output.warning(`${other ?? ''} had other settings, which its comparison shows too: ${differences.join('; ')}`);
  }
  const model = evaluatedModel(call, benchmark, job);
  const hashes = fileHashes(job.files);
  if (stored !== undefined) refuseOtherItems(other ?? '', stored.files, hashes);
  const { evaluation, base, seconds, endpointName } = await evaluated(
    { benchmark, job, prepared, model, withBase: other === against },
    call,
  );
  const others = stored?.results ?? base?.results;
  const comparison = others && compareEvaluations(benchmark, evaluation.results, others, other ?? '');
  const file = evaluationFile(evaluation, {
    ...(comparison && { comparison }),
    files: hashes,
    model: { ...model.identity(endpointName), ...(job.responses !== undefined && { responses: job.responses }) },
    settings: { ...job.settings, ...(job.limit !== undefined && { limit: job.limit }) },
  });
  const out = values.text('out');
  if (out !== undefined) writeFileAtomically(out, `${JSON.stringify(file, null, 1)}\n`);
  const { items: _, ...told } = file;
  const failed = evaluation.failed ?? base?.failed;
  if (failed !== undefined) output.warning(failureText(failed));
  const data = { ...told, seconds, out: out ?? null };
  return { text: evaluationText(benchmark, file), data, ...(failed && { exitCode: 1 as const }) };
}

function failureText({ items, first }: NonNullable<Evaluation['failed']>): string {
  return `${formatUnits(items, 'items')} could not be answered and count as wrong; the first: ${first}`;
}

interface EvaluationInput {
  benchmark: Benchmark;
  job: EvaluateJob;
  prepared: PreparedItems;
  model: EvaluatedModel;
  /** Whether the model without its adapter is evaluated, too. */
  withBase: boolean;
}

async function evaluated(
  { benchmark, job, prepared, model, withBase }: EvaluationInput,
  call: CommandCall,
): Promise<{ evaluation: Evaluation; base?: Evaluation; seconds: number; endpointName?: string | undefined }> {
  const { interrupts, progress, output } = call;
  const started = performance.now();
  const sandbox =
    benchmark.needs.programs === true ? await openSandbox({ unsandboxed: call.values.flag('unsandboxed') }) : undefined;
  if (sandbox !== undefined) output.note(`programs are run by ${sandbox.about}`);
  const models = openModels(model, call);
  if (asksJudge({ benchmark, ...prepared })) await models.checkJudge();
  const one = async (adapter: string | null, label: string) => {
    const work = { benchmark, items: prepared.items, files: job.files, settings: job.settings };
    const result = await evaluate(
      {
        ...work,
        ...(prepared.given && { given: prepared.given }),
        openModel: () => models.answering(adapter),
        openBase: () => models.answering(null),
        openJudge: () => models.judging(),
        ...(sandbox && { runProgram: sandbox.run }),
      },
      {
        stop: interrupts.stop,
        cancel: interrupts.cancel,
        onPart: (part, total) =>
          progress.start({ label: { answer: label, base: 'the base', score: 'score' }[part], unit: 'items', total }),
        onProgress: ({ done, tokens, remembered }) => progress.update(done, tokens, '', remembered),
      },
    );
    if (progress.isWorking) progress.finish(formatUnits(result.n, 'items'));
    return result;
  };
  try {
    const evaluation = await one(model.adapter, benchmark.name);
    const base = withBase ? await one(null, `${benchmark.name}, base`) : undefined;
    if (models.remembered > 0) output.note(`${formatUnits(models.remembered, 'answers')} were remembered`);
    if (models.rememberedOfServers > 0) output.warning(ofServers(models.rememberedOfServers));
    const seconds = (performance.now() - started) / 1000;
    return { evaluation, ...(base && { base }), seconds, endpointName: models.endpointName };
  } catch (error) {
    throw withWayOn(error, call.values.flag('fresh'));
  } finally {
    await models.close();
  }
}

/** With given answers nothing is asked, but where a benchmark compares with what the base answers. */
function readable(
  benchmark: Benchmark,
  files: BenchmarkFiles,
  values: OptionValues,
): Pick<Benchmark, 'name' | 'reads'> {
  const { name, needs, reads } = benchmark;
  const isAsked =
    values.text('responses') === undefined || (needs.baseAnswers === true && files.baseline === undefined);
  return isAsked ? benchmark : { name: `${name} of --responses`, reads: reads.filter((one) => one === 'shots') };
}

/** A server's answers are known by its address and the model's name alone. */
function ofServers(remembered: number): string {
  return (
    `${formatUnits(remembered, 'answers')} of a server were remembered by its address and the model's name; where it has ` +
    'another model or adapter under that name by now, ask with --fresh'
  );
}

function withWayOn(error: unknown, isFresh: boolean): unknown {
  if (!(error instanceof IsheepError) || error.code !== 'interrupted') return error;
  const hint = `the same command${isFresh ? ' without --fresh' : ''} continues; what was answered is remembered`;
  return new IsheepError('interrupted', error.message, { hint, cause: error });
}

function jobOf(benchmark: Benchmark, { values, config }: CommandCall): EvaluateJob {
  const given = Object.fromEntries(
    (Object.keys(fileRoles) as FileRole[]).map((role) => [role, values.text(optionOf(role).slice(2))]),
  ) as BenchmarkFiles;
  const isKnown = knownBenchmarks().some(({ name }) => name === benchmark.name);
  if (values.text('responses') !== undefined && values.text('against') === against) {
    throw new IsheepError('bad-config', `--against ${against} and --responses: given answers have no base`, {
      hint: 'give --against the result of another evaluation',
    });
  }
  refuseUnused(benchmark, values);
  const settings = {
    seed: config.seed,
    maxTokens: values.number('max-tokens'),
    temperature: values.number('temperature'),
    samples: values.number('samples'),
    shots: values.number('shots'),
    form: values.text('form') as 'raw' | 'chat' | undefined,
  };
  const [files] = attemptAll(
    () => chooseFiles(benchmark, given, fetchedFiles(benchmark.name), isKnown),
    () => refuseUnread(readable(benchmark, given, values), settings, benchmarks),
  );
  return { benchmark, files, responses: values.text('responses'), limit: values.number('limit'), settings };
}
