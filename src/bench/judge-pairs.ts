// Good pairs and spoilt ones for the benchmarks of judging.
import { IsheepError } from '../shared/errors.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../shared/random.js';
import type { Pair } from '../shared/rows.js';
import { spoiltKinds, spoiltResponses } from '../stages/assess/spoil.js';
import { loadSeeds } from '../shared/load-seeds.js';
import { type FilePair, readPairFile } from './pair-file.js';

/** Words that a response must have to be cut and mixed noticeably, and may have, so that a benchmark takes minutes. */
const fewestWords = 8;
const mostWords = 100;

/** A pair and what is known of it: `good`, a kind of spoilt pair, or a fault that the file names. */
export interface JudgedPair {
  kind: string;
  /** Pairs of one task have one number. */
  task: number;
  pair: Pair;
}

/** The pairs of the file, or the packaged seed tasks with their outputs. */
function goodPairs(file: string): FilePair[] {
  const rows: FilePair[] =
    file === '' ? loadSeeds().map(({ output, ...task }) => ({ ...task, response: output })) : readPairFile(file);
  const usable = rows.filter(({ response }) => {
    const n = words(response).length;
    return n >= fewestWords && n <= mostWords;
  });
  if (usable.filter(({ fault }) => fault === undefined).length > 1) return usable;
  throw new IsheepError('bad-input', `${file} has fewer than two pairs with ${fewestWords} to ${mostWords} words`, {
    hint: 'spoilt pairs are made from responses of that length',
  });
}

/** At most `limit` good pairs, each followed by its spoilt versions; after them the faulty ones that the file names, at
 *  most as many. */
export function judgedPairs(file: string, limit: number, seed = 1): JudgedPair[] {
  const rows = goodPairs(file);
  const choose = (some: readonly FilePair[]) =>
    sampleWithoutReplacement(some, Math.min(limit, some.length), randomStream(deriveSeed(seed, 'judge')));
  const good = choose(rows.filter(({ fault }) => fault === undefined));
  const faulty = choose(rows.filter(({ fault }) => fault !== undefined));
  return [...good.flatMap((row, task) => versionsOf(row, task, good, seed)), ...faulty.map(asFaulty)];
}

function versionsOf(row: FilePair, task: number, all: readonly FilePair[], seed: number): JudgedPair[] {
  const other = all[(task + 1) % all.length] ?? row;
  const random = randomStream(deriveSeed(seed, 'spoil', task));
  const spoilt = spoiltResponses(row, row.response, other.response, random);
  const judged = (kind: string, response: string): JudgedPair => ({
    ...{ kind, task },
    pair: { id: `${task}/${kind}`, instruction: row.instruction, input: row.input, response },
  });
  return [judged('good', row.response.trim()), ...spoiltKinds.map((kind) => judged(kind, spoilt[kind]))];
}

function asFaulty({ instruction, input, response, fault = '' }: FilePair, i: number): JudgedPair {
  const id = `faulty-${i}/${fault}`;
  return { kind: fault, task: -1 - i, pair: { id, instruction, input, response: response.trim() } };
}

export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
