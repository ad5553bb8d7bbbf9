// How words, sentences and other parts of a text are counted and found for constraints: by rules that a person can check by
// hand, and that are the same with every version of Node.
import { type Task, userTurn } from '../task-prompt.js';
import { topicWords } from '../topic-words.js';

/** What stands between white space and has a letter or a digit. */
export function countWords(text: string): number {
  return text.split(/\s+/u).filter((part) => /[\p{L}\p{N}]/u.test(part)).length;
}

/** A number of words as people ask for it: whole tens, no more than there are. */
export function roundedDown(words: number): number {
  return 10 * Math.floor(words / 10);
}

/** Abbreviations that end no sentence. */
const abbreviation = /(?:^|[\s(])(?:e\.g|i\.e|vs|cf|dr|mr|mrs|ms|prof)\.$/iu;

/** Pieces that end with ".", "!", "?" or "…" (closing quotes and brackets behind it) before white space, or at a line's end. */
export function sentences(text: string): string[] {
  const pieces = text.split(/\n+|(?<=[.!?…]["'”’)\]]*)\s+/u);
  const found: string[] = [];
  for (const piece of pieces) {
    const before = found.at(-1);
    if (before !== undefined && abbreviation.test(before)) found[found.length - 1] = `${before} ${piece}`;
    else if (countWords(piece) > 0) found.push(piece);
  }
  return found;
}

export function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim());
}

/** Blocks with blank lines between. */
export function paragraphs(text: string): string[] {
  return text.split(/\n\s*\n/u).filter((block) => block.trim() !== '');
}

/** How often a word stands in a text, in any case, not as a part of another word. */
export function countWord(text: string, word: string): number {
  return [...text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, 'giu'))].length;
}

/** Families that ask for words may meet one that asks for short ones. */
export const longestWord = 8;

/** Words of a task that an answer to it may well have, and that are short enough; in lower case, each once. */
export function shortTopicWords(task: Task): string[] {
  return topicWords(userTurn(task)).filter((word) => /^[a-z]+$/u.test(word) && word.length <= longestWord);
}
