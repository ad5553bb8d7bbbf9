import { z } from 'zod';

import { benchmarkFolder, filesOf, type KnownBenchmark, knownBenchmarks } from '../../engine/known-benchmarks.js';
import { type KnownFile, knownModel, knownModels } from '../../engine/known-models.js';
import { fetchModel, type FetchResult } from '../../engine/fetch/fetch-model.js';
import { IsheepError } from '../../shared/errors.js';
import { option } from '../options.js';
import { type Command, type CommandCall, type CommandResult, refuseGiven } from '../command.js';
import { formatBytes, formatTable } from '../format.js';

export const fetchCommand: Command = {
  name: 'fetch',
  summary: "gets a known model or a benchmark's files; without a name, lists them",
  positional: { name: 'name', description: 'a known model or benchmark', required: false },
  options: [option('verify', 'compare the sha256 of a file that is here already', z.boolean())],
  examples: [
    ['isheep fetch', 'lists the known models and benchmarks'],
    ['isheep fetch ifeval', 'the prompts of IFEval'],
  ],
  run: (call) => {
    const name = call.values.text('name');
    if (name === undefined) {
      refuseGiven(call.values, ['verify'], 'of which file, is to be said: isheep fetch NAME --verify');
      return Promise.resolve(list());
    }
    const benchmark = knownBenchmarks().find((known) => known.name === name);
    return benchmark === undefined ? fetchKnownModel(name, call) : fetchBenchmark(benchmark, call);
  },
};

function list(): CommandResult {
  const [models, benchmarks] = [knownModels(), knownBenchmarks()];
  const rows = [
    ...models.map((model) => [model.name, formatBytes(model.bytes), model.license, model.description]),
    ...benchmarks.map((one) => [one.name, formatBytes(sizeOf(one)), one.license, one.about]),
  ];
  return { text: formatTable(rows), data: { models, benchmarks } };
}

function sizeOf({ files }: KnownBenchmark): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function fetchKnownModel(name: string, call: CommandCall): Promise<CommandResult> {
  const model = modelOf(name);
  const result = await fetchFile(model, call);
  return { text: result.path, data: { name: model.name, ...result } };
}

/** A name that is neither a model's nor a benchmark's is nearest to one of either. */
function modelOf(name: string): KnownFile {
  try {
    return knownModel(name);
  } catch (error) {
    if (!(error instanceof IsheepError) || error.code !== 'model-not-found') throw error;
    const benchmarks = knownBenchmarks().map((known) => known.name);
    const others = benchmarks.length === 0 ? '' : `; known benchmarks: ${benchmarks.join(', ')}`;
    throw new IsheepError(error.code, error.message, { hint: `${error.hint}${others}`, cause: error });
  }
}

async function fetchBenchmark(benchmark: KnownBenchmark, call: CommandCall): Promise<CommandResult> {
  const folder = benchmarkFolder(benchmark.name);
  const files: FetchResult[] = [];
  for (const file of filesOf(benchmark)) files.push(await fetchFile(file, call, folder));
  return { text: files.map((file) => file.path).join('\n'), data: { name: benchmark.name, files } };
}

async function fetchFile(file: KnownFile, call: CommandCall, folder?: string): Promise<FetchResult> {
  const { values, progress, output, interrupts } = call;
  const result = await fetchModel(file, {
    ...(folder !== undefined && { folder }),
    offline: values.flag('offline'),
    verify: values.flag('verify'),
    signal: interrupts.stop,
    onNote: (note) => output.warning(note),
    onProgress: ({ source, bytes, totalBytes }) => {
      if (!progress.isWorking) progress.start({ label: 'fetch', unit: `MB from ${source}`, total: totalBytes / 1e6 });
      progress.update(bytes / 1e6, 0);
    },
  });
  progress.finish(formatBytes(result.bytes));
  const origin = result.source === null ? 'was here already' : `from ${result.source}`;
  output.note(`${file.name}, ${formatBytes(result.bytes)}, ${origin}`);
  return result;
}
