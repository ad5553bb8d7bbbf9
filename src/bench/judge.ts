// Pairs judged a second, both criteria: the expected grade against the paper's protocol on the same engine, and against
// prefilling alone the tokens that no two requests share, which is the least that any judging by one pass can cost.
import type { GenerateRequest, ScoreRequest } from '../engine/engine.js';
import { countTokens } from '../engine/engine.js';
import { loadModel, type Model } from '../engine/model.js';
import { deriveSeed } from '../shared/random.js';
import type { Pair } from '../shared/rows.js';
import { userTurn } from '../shared/task-prompt.js';
import { assessPairs } from '../stages/assess/assess.js';
import { criterions, gradePrompt } from '../stages/assess/prompts.js';
import { type Figure, figure, timed } from './figure.js';
import { judgedPairs } from './judge-pairs.js';
import type { BenchmarkSettings } from './options.js';
import { median } from './trainers.js';

/** The slow protocol gets fewer pairs, but as many requests as a batch takes. */
const protocolPairs = 16;
const protocolTokens = 1000;

const how = { iteration: 0, seed: 1, settings: { criteria: 'combined', repeats: 1 } } as const;

export async function* benchJudge(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const { model: path, threads, device, data, limit, rounds } = settings;
  const pairs = judgedPairs(data, limit).flatMap(({ kind, pair }) => (kind === 'good' ? [pair] : []));
  const model = await loadModel({ path, threads, device });
  try {
    await assessPairs(pairs.slice(0, 4), { ...how, method: 'expected' }, model); // reads the weights into memory
    const unshared = unsharedRequests(pairs, model);
    const seconds: { expected: number; empty: number; behind: number; sampled: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      seconds.push({
        expected: (await timed(() => assessPairs(pairs, { ...how, method: 'expected' }, model))).seconds,
        empty: (await timed(() => model.score(unshared.fromEmpty))).seconds,
        behind: (await timed(() => model.score(unshared.behindShared))).seconds,
        sampled: (await timed(() => assessPairs(pairs, { ...how, method: 'sampled' }, model))).seconds,
      });
    }
    const of = (part: keyof (typeof seconds)[number]) => median(seconds.map((one) => one[part]));
    const slow = await paperProtocol(pairs.slice(0, protocolPairs), model);
    const peer = {
      peer: `the paper's protocol, ${slow.pairs} pairs, ${slow.tokens} tokens`,
      value: slow.pairsPerSecond,
    };
    const perSecond = (part: 'expected' | 'sampled') => pairs.length / of(part);
    yield figure('judge', 'pairs a second, expected', perSecond('expected'), 'pairs/s', peer);
    yield figure('judge', 'pairs a second, sampled until the number is known', perSecond('sampled'), 'pairs/s', peer);
    const relative = (part: 'empty' | 'behind', tokens: number) =>
      of('expected') / unshared.tokens / (of(part) / tokens);
    const compared = 'time of expected to that of prefilling the unshared tokens alone';
    yield figure('judge', `${compared}, from an empty cache`, relative('empty', unshared.emptyTokens), 'times');
    yield figure('judge', `${compared}, behind the shared ones`, relative('behind', unshared.tokens), 'times');
    yield figure('judge', 'unshared tokens of a pair, expected', unshared.tokens / pairs.length, 'tokens');
  } finally {
    await model.dispose();
  }
}

interface Unshared {
  /** One request a pair, of nothing but the tokens that judging it adds to what earlier requests have had: the pair, and
   *  the words that ask for each grade. */
  fromEmpty: ScoreRequest[];
  /** The same behind the beginning that all pairs share, which they attend to as a judge's tokens do. */
  behindShared: ScoreRequest[];
  tokens: number;
  /** Of fromEmpty: as texts they may come to a token more or less, so times are compared a token. */
  emptyTokens: number;
}

function unsharedRequests(pairs: readonly Pair[], model: Model): Unshared {
  const request = (id: string, tokens: readonly number[]): ScoreRequest => ({
    ...{ id, continuation: '' },
    prompt: { text: model.pieces(tokens).join('') },
  });
  let before: Int32Array = new Int32Array();
  let tokens = 0;
  const both = pairs.map(({ id, ...pair }) => {
    const own: number[] = [];
    const whole: number[] = [];
    for (const criterion of criterions) {
      const prompt = model.promptTokens(gradePrompt(pair, criterion, how.settings.criteria, model.hasChatTemplate));
      const added = prompt.subarray(sharedLength(before, prompt));
      own.push(...added);
      whole.push(...(whole.length === 0 ? prompt : added));
      before = prompt;
    }
    tokens += own.length;
    return [request(id, own), request(id, whole)] as const;
  });
  const [fromEmpty, behindShared] = [both.map(([own]) => own), both.map(([, whole]) => whole)];
  const emptyTokens = fromEmpty.reduce((sum, { prompt }) => sum + model.promptTokens(prompt).length, 0);
  return { fromEmpty, behindShared, tokens, emptyTokens };
}

function sharedLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a[n] === b[n]) n++;
  return n;
}

/** Two raw prompts a pair, the pair first, and for each a text of up to 1000 tokens at temperature 1 and top-p 0.95 that
 *  begins with the grade (arXiv 2408.08072, App. A). The wording is ours. */
async function paperProtocol(pairs: readonly Pair[], model: Model) {
  const requests = pairs.flatMap((pair) =>
    Object.entries(protocolQuestions).map(([criterion, question]): GenerateRequest => ({
      id: `${pair.id}/${criterion}`,
      prompt: { text: `An instruction and a response to it.\n${userTurn(pair)}\n${pair.response}\n${question}` },
      maxTokens: protocolTokens,
      stop: [],
      sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0 },
      seed: deriveSeed(1, 'protocol', pair.id, criterion),
    })),
  );
  const { seconds, result } = await timed(() => model.generate(requests));
  return { pairs: pairs.length, tokens: countTokens(result), pairsPerSecond: pairs.length / seconds };
}

const format = 'First the grade, then ||, then the reason. As a strict judge, my grade and my reason: ';

const protocolQuestions = {
  quality:
    'Grade the response from 1 to 10: 1 is a poor one, wrong, long, unclear or with repetitions; 10 is a good one, right, ' +
    `short, clear and without repetitions. ${format}`,
  following:
    'Grade from 1 to 10 how the response follows the instruction: 1 if it carries on the instruction, misses the form ' +
    'asked for, or the instruction is unclear; 10 if it answers the instruction itself, in the form asked for, and the ' +
    `instruction is clear. ${format}`,
};
