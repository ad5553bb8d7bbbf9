// Pairs of instructions compared a second by exact ROUGE-L, on one core: candidates against as many known texts and against
// each other, as synthesis does it; beside rouge-score and rapidfuzz, whose results are compared with ours, too.
import path from 'node:path';

import { z } from 'zod';

import { IsheepError } from '../shared/errors.js';
import { packageRoot } from '../shared/package-root.js';
import { randomStream } from '../shared/random.js';
import { NoveltyIndex } from '../stages/filter/novelty-index.js';
import { loadSeeds } from '../shared/load-seeds.js';
import { runJob } from './child.js';
import { type Figure, figure } from './figure.js';
import type { BenchmarkSettings } from './options.js';

/** The paper's: an instruction above it is not new. */
const limit = 0.7;
const checkedPairs = 100_000;

interface Texts {
  known: string[];
  candidates: string[];
}

const measuredSchema = z.object({
  label: z.string(),
  pairs: z.number().positive(),
  seconds: z.number().positive(),
  values: z.array(z.number()),
});
const answerSchema = z.object({ rougeScore: measuredSchema, rapidfuzz: measuredSchema });
type Peers = z.infer<typeof answerSchema>;

export function* benchNovelty({ texts: count, peer, python }: BenchmarkSettings): Generator<Figure> {
  const random = randomStream(1);
  const texts = makeTexts(count, random);
  const pairs = makePairs(count, random);
  const peers = peer === '' ? undefined : measurePeers({ ...texts, pairs }, python);
  const speed = measureOurs(texts);
  const label = `${count} candidates against ${count} and each other`;
  for (const one of peers ? [peers.rougeScore, peers.rapidfuzz] : [undefined]) {
    const beside = one && { peer: one.label, value: one.pairs / one.seconds };
    yield figure('novelty', `pairs a second, ${label}`, speed, 'pairs/s', beside);
  }
  if (peers) yield* compare(texts, pairs, peers);
}

function measureOurs({ known, candidates }: Texts): number {
  const start = performance.now();
  const index = new NoveltyIndex();
  for (const text of known) index.add(text);
  for (const text of candidates) {
    index.mostSimilar(text, limit);
    index.add(text);
  }
  const seconds = (performance.now() - start) / 1000;
  return (candidates.length * known.length + (candidates.length * (candidates.length - 1)) / 2) / seconds;
}

function* compare({ known, candidates }: Texts, pairs: readonly Pair[], { rougeScore, rapidfuzz }: Peers) {
  const ours = pairs.map(([c, k]) => {
    const index = new NoveltyIndex();
    index.add(known[k] ?? '');
    return index.mostSimilar(candidates[c] ?? '') ?? 0;
  });
  const differing = ours.filter((value, i) => value !== rougeScore.values[i]).length;
  yield figure('novelty', `values of ${pairs.length} pairs that are not rouge-score's`, differing, 'pairs');
  const above = ours.filter((value) => value > limit).length;
  yield figure('novelty', `of these pairs above ${limit}`, above, 'pairs');
  const index = new NoveltyIndex();
  for (const text of known) index.add(text);
  const verdicts = rapidfuzz.values.filter(
    (value, c) => (index.mostSimilar(candidates[c] ?? '', limit) !== undefined) !== value > limit,
  );
  const label = `verdicts on ${rapidfuzz.values.length} candidates against all that are not rapidfuzz's`;
  yield figure('novelty', label, verdicts.length, 'candidates');
}

function measurePeers(job: Texts & { pairs: readonly Pair[] }, python: string): Peers {
  const run = runJob(job, python, [path.join(packageRoot, 'scripts', 'bench', 'novelty.py')]);
  if (typeof run !== 'string') return answerSchema.parse(run.measured);
  throw new IsheepError('bad-config', `the peers of novelty cannot be run by ${python}: ${run}`, {
    hint: 'name a Python that has rouge-score and rapidfuzz with --python FILE or ISHEEP_PYTHON',
  });
}

/** Numbers of a candidate and of a known text. */
type Pair = readonly [candidate: number, known: number];

/** Every other pair has one number, so that a sixth of all are of a text and one made from it. */
function makePairs(count: number, random: () => number): Pair[] {
  return Array.from({ length: checkedPairs }, (_, i) => {
    const candidate = below(count, random);
    return [candidate, i % 2 === 0 ? candidate : below(count, random)];
  });
}

/** Texts of the words and lengths of the seeds' instructions, with numbers, signs and other alphabets between. A third of
 *  the candidates are made from the known text of the same number, by changing up to half of its words. */
function makeTexts(count: number, random: () => number): Texts {
  const seeds = loadSeeds().map(({ instruction }) => instruction.split(/\s+/));
  const words = [...seeds.flat(), ...oddWords];
  const word = () => words[below(words.length, random)] ?? '';
  const text = () => Array.from(seeds[below(seeds.length, random)] ?? [], word);
  const changed = (from: readonly string[]) => {
    const share = random() / 2;
    return from.map((one) => (random() < share ? word() : one));
  };
  const known = Array.from({ length: count }, text);
  const candidates = known.map((one, i) => (i % 3 === 0 ? changed(one) : text()));
  const joined = (list: readonly string[][]) => list.map((one) => one.join(' '));
  return { known: joined(known), candidates: joined(candidates) };
}

const oddWords = [
  '3.5',
  '1,000',
  'e-mail',
  "Don't",
  'x_y',
  'naïve',
  'ÉCOLE',
  'İstanbul',
  'ﬁne',
  '\u212A', // the Kelvin sign, a k in lower case
  '中文',
  '٣',
  '½',
  '—',
];

function below(n: number, random: () => number): number {
  return Math.floor(random() * n);
}
