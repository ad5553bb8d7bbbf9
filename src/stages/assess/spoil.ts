// Pairs spoilt on purpose, whose worth is known to be less than that of the pair that they come from.
import { sampleWithoutReplacement } from '../../shared/random.js';
import { userTurn, type Task } from '../../shared/task-prompt.js';

/** Another task's response; the first half of the response; its words mixed; the task as its own response. */
export const spoiltKinds = ['shuffled', 'cut', 'scrambled', 'copied'] as const;
export type SpoiltKind = (typeof spoiltKinds)[number];

/** `other`: another task's response. Each spoilt response by its kind. */
export function spoiltResponses(
  task: Task,
  response: string,
  other: string,
  random: () => number,
): Record<SpoiltKind, string> {
  return {
    shuffled: other,
    cut: cutHalfWay(response),
    scrambled: scramble(response, random),
    copied: userTurn(task),
  };
}

/** Half of the words, white space as it was. */
function cutHalfWay(text: string): string {
  const parts = text.trim().split(/(\s+)/);
  return parts.slice(0, 2 * Math.floor((parts.length + 1) / 4) - 1).join('');
}

/** The words in random order, white space where it was. */
function scramble(text: string, random: () => number): string {
  const parts = text.trim().split(/(\s+)/);
  const words = parts.filter((_, i) => i % 2 === 0);
  const mixed = sampleWithoutReplacement(words, words.length, random);
  return parts.map((part, i) => (i % 2 === 0 ? (mixed[i / 2] ?? part) : part)).join('');
}
