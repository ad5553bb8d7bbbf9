// All that is made of a kept pair without another word of the model: the same response under constraints, and questions on it.
import type { Config } from '../../config/schema.js';
import type { Pair } from '../../shared/rows.js';
import { inHindsight } from './hindsight.js';
import { questionsOf } from './questions/questions.js';

/** None where the settings ask for none, or the pair has constraints already. */
export function madeOf(
  pair: Pair,
  { constraints, select, seed }: Pick<Config, 'constraints' | 'select' | 'seed'>,
  iteration: number,
): Pair[] {
  return [...inHindsight(pair, constraints, seed, iteration), ...questionsOf(pair, select.questions, seed, iteration)];
}
