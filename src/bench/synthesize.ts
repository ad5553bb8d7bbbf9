// Instructions kept a second by the stage synthesize on any model, and what becomes of the rest: each reason for which a
// piece of text is no task, each filter that rejects one. The same settings as a run's, so that they can be compared.
import { filterLists } from '../config/filters.js';
import { configSchema } from '../config/schema.js';
import type { LanguageModel } from '../engine/engine.js';
import { loadModel } from '../engine/model.js';
import { diversityOf } from '../pipeline/diversity.js';
import { candidateScreen } from '../pipeline/screens.js';
import { measureDemonstrations } from '../pipeline/stages/synthesize.js';
import { isKept } from '../shared/verdicts.js';
import { userTurn } from '../shared/task-prompt.js';
import { topicWords } from '../shared/topic-words.js';
import { loadSeeds } from '../shared/load-seeds.js';
import { unparsedReasons } from '../stages/synthesize/parse-tasks.js';
import { synthesize, type SynthesizeChunk } from '../stages/synthesize/synthesize.js';
import { loadTopics } from '../stages/synthesize/topics.js';
import { type Figure, figure, timed } from './figure.js';
import type { BenchmarkSettings } from './options.js';

/** What is measured of how varied they are grows with their number, so it is that of equally many. */
const variedOf = 25;

export async function* benchSynthesize(bench: BenchmarkSettings): AsyncGenerator<Figure> {
  const { model: path, threads, device } = bench;
  const model = await loadModel({ path, threads, device });
  if (bench.adapter !== '') await model.setAdapter(bench.adapter);
  const { seconds, chunk } = await write(bench, model);
  await model.dispose();

  const label = settingsInWords(bench);
  const { requests, candidates, unparsed } = chunk;
  const tokens = requests.reduce((sum, request) => sum + request.tokens, 0);
  const keptOnes = candidates.filter(isKept);
  const kept = keptOnes.length;
  const of = (metric: string, value: number, unit: string) => figure('synthesize', `${metric}; ${label}`, value, unit);
  yield of('kept a second', kept / seconds, 'instructions/s');
  yield of('kept a request', kept / requests.length, 'instructions');
  yield of('kept', kept, 'instructions');
  yield of('read', candidates.length, 'tasks');
  yield of('tokens', tokens, 'tokens');
  yield of('tokens for a kept one', tokens / kept, 'tokens');
  const varied = diversityOf(keptOnes.slice(0, variedOf).map((candidate) => ({ ...candidate, response: '' })));
  yield of(`distinct-2 of ${varied.pairs}`, varied.distinct2, 'share');
  yield of(`self-similarity of ${varied.pairs}`, varied.selfSimilarity, 'ROUGE-L');
  yield of(`topic spread of ${varied.pairs}`, varied.topicSpread, 'words');
  if (bench.topics !== 'off') yield of('first tasks that keep to their topic', keptToTopic(chunk), 'share');
  yield of('seeds shown', new Set(requests.flatMap(({ demonstrations }) => demonstrations)).size, 'seeds');
  for (const reason of unparsedReasons) {
    yield of(`not read, ${reason}`, unparsed[reason] ?? 0, 'pieces');
  }
  for (const filter of filterLists.default) {
    const n = candidates.filter(({ verdicts }) => verdicts.some((one) => one.rejected && one.filter === filter)).length;
    if (n > 0) yield of(`rejected, ${filter}`, n, 'tasks');
  }
}

/** What the stage makes of so many requests, with no end but theirs. Measuring the seeds is not part of the time. */
async function write(
  { requests, constrained, showOutputs, ...bench }: BenchmarkSettings,
  model: LanguageModel,
): Promise<{ seconds: number; chunk: SynthesizeChunk }> {
  const seeds = loadSeeds();
  const config = configSchema.parse({
    synthesize: {
      ...pick(bench, ['demonstrations', 'maxTasks', 'maxTokens', 'form', 'temperature', 'topP', 'minP']),
      ...pick(bench, ['demonstrationsBy', 'reusePenalty', 'topics', 'textsPerPrompt']),
      ...{ minYield: 0, chunk: requests, constrained: constrained === 'yes', showOutputs: showOutputs === 'yes' },
    },
  });
  const { synthesize: settings, quirks, seed } = config;
  const measures = await measureDemonstrations(config, seeds, 1, model);
  const input = {
    ...{ seeds, iteration: 1, seed, target: Infinity, settings, quirks, measures },
    ...{ topics: loadTopics(settings.topics), screen: candidateScreen({ config, seeds }), earlier: [] },
  };
  const { seconds, result } = await timed(() => synthesize(input, model).next());
  if (result.done === true) throw new Error('no request was made');
  return { seconds, chunk: result.value };
}

/** Of the first tasks of all texts: how many have a word that begins as one of their topic does. */
function keptToTopic({ requests, candidates }: SynthesizeChunk): number {
  const firsts = requests.flatMap(({ id, topic = '' }) => {
    const first = candidates.find(({ source }) => source?.request === id && source.topic === topic);
    return first ? [{ topic, words: topicWords(userTurn(first)) }] : [];
  });
  const keeps = ({ topic, words }: (typeof firsts)[number]) =>
    topicWords(topic).some((one) => words.some((word) => word.startsWith(one.slice(0, 4))));
  return firsts.filter(keeps).length / firsts.length;
}

function pick<T extends object, Key extends keyof T>(values: T, keys: readonly Key[]): Pick<T, Key> {
  return Object.fromEntries(keys.map((key) => [key, values[key]])) as Pick<T, Key>;
}

function settingsInWords(bench: BenchmarkSettings): string {
  const { requests, demonstrations, maxTasks, maxTokens, temperature, topP, minP } = bench;
  const shape = [
    bench.form,
    ...(bench.adapter === '' ? [] : ['with an adapter']),
    ...(bench.textsPerPrompt === 1 ? [] : [`${bench.textsPerPrompt} texts a prompt`]),
    ...(bench.constrained === 'yes' ? ['constrained'] : []),
    ...(bench.demonstrationsBy === 'uniform' ? [] : [`by ${bench.demonstrationsBy}`]),
    ...(bench.showOutputs === 'yes' ? ['with outputs'] : []),
    ...(bench.reusePenalty === 0 ? [] : [`reuse penalty ${bench.reusePenalty}`]),
    ...(bench.topics === 'off' ? [] : [`topics ${bench.topics}`]),
  ];
  const size = `${requests} requests, ${demonstrations} demonstrations, ${maxTasks} tasks, ${maxTokens} tokens`;
  return `${shape.join(', ')}, ${size}, temperature ${temperature}, top-p ${topP}, min-p ${minP}`;
}
