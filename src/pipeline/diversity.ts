// How varied a dataset is. Loops that train on their own output narrow: of the paper's 72B model the median answer shrank
// from 57 words to 13 and distinct-2 of equal numbers of instructions from .456 to .376 in five iterations (arXiv 2408.08072,
// released data). distinct-n: Li et al., arXiv 1510.03055. All but the lengths depend on how many pairs are measured.
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../shared/random.js';
import type { Pair } from '../shared/rows.js';
import { NoveltyIndex } from '../stages/filter/novelty-index.js';
import { wordRuns, words } from '../shared/words.js';
import { topicSpread } from './topic-spread.js';

export interface Diversity {
  /** Pairs that were measured. */
  pairs: number;
  /** Medians. */
  instructionWords: number;
  responseWords: number;
  /** Different ones among all words, and among all runs of two words, of the instructions; 0 to 1. */
  distinct1: number;
  distinct2: number;
  /** Mean over the instructions of the highest ROUGE-L with one before; 0 to 1. */
  selfSimilarity: number;
  /** The effective number of topic words in the instructions (topic-spread.ts). */
  topicSpread: number;
}

/** Of so many pairs at most: what is counted grows with them, and iterations should be comparable. */
export const mostPairs = 2000;

/** Fewer are no ground for an alarm. */
const fewestForAlarm = 50;

/** Of `most` of the pairs, drawn at random, the same each time. */
export function diversityOf(pairs: readonly Pair[], most = mostPairs): Diversity {
  const random = randomStream(deriveSeed(1, 'diversity'));
  const measured = sampleWithoutReplacement(pairs, Math.min(most, pairs.length), random);
  const instructions = measured.map(({ instruction }) => words(instruction));
  return {
    pairs: measured.length,
    instructionWords: median(instructions.map((list) => list.length)),
    responseWords: median(measured.map(({ response }) => words(response).length)),
    distinct1: distinct(instructions, 1),
    distinct2: distinct(instructions, 2),
    selfSimilarity: selfSimilarity(measured),
    topicSpread: topicSpread(measured.map(({ instruction }) => instruction)),
  };
}

/** What has become worse since, in words; both are of equally many pairs. */
export function diversityAlarms(now: Diversity, first: Diversity): string[] {
  if (Math.min(now.pairs, first.pairs) < fewestForAlarm) return [];
  const found: string[] = [];
  if (now.responseWords < 0.6 * first.responseWords) {
    found.push(`responses shrank from ${first.responseWords} to ${now.responseWords} words (medians)`);
  }
  if (now.distinct2 < 0.9 * first.distinct2) {
    found.push(`distinct-2 of the instructions fell from ${first.distinct2.toFixed(3)} to ${now.distinct2.toFixed(3)}`);
  }
  if (now.selfSimilarity > first.selfSimilarity + 0.1) {
    const values = [first, now].map((one) => one.selfSimilarity.toFixed(2));
    found.push(`instructions have become more alike, from ${values.join(' to ')} by ROUGE-L`);
  }
  if (now.topicSpread < 0.7 * first.topicSpread) {
    const values = [first, now].map((one) => one.topicSpread.toFixed(0));
    found.push(`instructions keep to fewer topics: their topic spread fell from ${values.join(' to ')}`);
  }
  return found;
}

function distinct(texts: readonly string[][], n: number): number {
  const all = texts.reduce((sum, list) => sum + Math.max(0, list.length - n + 1), 0);
  const different = new Set(texts.flatMap((list) => [...wordRuns(list, n)]));
  return all === 0 ? 0 : different.size / all;
}

function selfSimilarity(pairs: readonly Pair[]): number {
  const index = new NoveltyIndex();
  let sum = 0;
  for (const { instruction } of pairs) {
    sum += index.mostSimilar(instruction) ?? 0;
    index.add(instruction);
  }
  return pairs.length < 2 ? 0 : sum / (pairs.length - 1);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}
