// Instructions kept a second by the stage synthesize on any model, and what becomes of the rest: each reason for which a
// piece of text is no task, each filter that rejects one. The same settings as a run's, so that they can be compared.
import { quirksSchema, synthesizeSchema } from '../config/schema.js';
import { loadModel } from '../engine/model.js';
import { isKept } from '../shared/verdicts.js';
import { createScreen, filterNames } from '../stages/filter/screen.js';
import { loadSeeds } from '../stages/synthesize/load-seeds.js';
import { unparsedReasons } from '../stages/synthesize/parse-tasks.js';
import { synthesize, type SynthesizeChunk } from '../stages/synthesize/synthesize.js';
import { type Figure, figure, timed } from './figure.js';
import type { BenchmarkSettings } from './options.js';

export async function* benchSynthesize(bench: BenchmarkSettings): AsyncGenerator<Figure> {
  const { model: path, threads, device } = bench;
  const model = await loadModel({ path, threads, device });
  const { seconds, result: chunks } = await timed(() => write(bench, model));
  await model.dispose();

  const label = settingsInWords(bench);
  const requests = chunks.flatMap((chunk) => chunk.requests);
  const candidates = chunks.flatMap((chunk) => chunk.candidates);
  const tokens = requests.reduce((sum, request) => sum + request.tokens, 0);
  const kept = candidates.filter(isKept).length;
  const of = (metric: string, value: number, unit: string) => figure('synthesize', `${metric}; ${label}`, value, unit);
  yield of('kept a second', kept / seconds, 'instructions/s');
  yield of('kept a request', kept / requests.length, 'instructions');
  yield of('kept', kept, 'instructions');
  yield of('read', candidates.length, 'tasks');
  yield of('tokens', tokens, 'tokens');
  yield of('tokens for a kept one', tokens / kept, 'tokens');
  for (const reason of unparsedReasons) {
    const n = chunks.reduce((sum, { unparsed }) => sum + (unparsed[reason] ?? 0), 0);
    yield of(`not read, ${reason}`, n, 'pieces');
  }
  for (const filter of filterNames) {
    const n = candidates.filter(({ verdicts }) => verdicts.some((one) => one.rejected && one.filter === filter)).length;
    if (n > 0) yield of(`rejected, ${filter}`, n, 'tasks');
  }
}

/** What the stage makes of so many requests, with no end but theirs. */
async function write(bench: BenchmarkSettings, model: Parameters<typeof synthesize>[1]): Promise<SynthesizeChunk[]> {
  const { requests, demonstrations, maxTasks, maxTokens, form, temperature, topP, minP } = bench;
  const seeds = loadSeeds();
  const settings = {
    ...synthesizeSchema.parse({ demonstrations, maxTasks, maxTokens, form, temperature, topP, minP, minYield: 0 }),
    constrained: bench.constrained === 'yes',
    chunk: requests,
  };
  const { novelty } = settings;
  const screen = createScreen({ appliesTo: 'candidate', novelty, against: seeds });
  const input = {
    seeds,
    iteration: 1,
    seed: 1,
    target: Infinity,
    settings,
    quirks: quirksSchema.parse({}),
    screen,
    earlier: [],
  };
  for await (const chunk of synthesize(input, model)) return [chunk];
  return [];
}

function settingsInWords(bench: BenchmarkSettings): string {
  const { requests, demonstrations, maxTasks, maxTokens, form, constrained, temperature, topP, minP } = bench;
  const shape = `${form}${constrained === 'yes' ? ', constrained' : ''}`;
  const size = `${requests} requests, ${demonstrations} demonstrations, ${maxTasks} tasks, ${maxTokens} tokens`;
  return `${shape}, ${size}, temperature ${temperature}, top-p ${topP}, min-p ${minP}`;
}
