// Choices that stand in the prompt, each behind a letter; the letters are what is scored.
import { type Choice, choicesBehind } from './multiple-choice.js';

export function lettered(question: string, texts: readonly string[]): Choice[] {
  const letters = texts.map((_, i) => String.fromCharCode('A'.charCodeAt(0) + i));
  const lines = letters.map((letter, i) => `${letter}. ${texts[i]}`);
  return choicesBehind([question, ...lines, 'Answer:'].join('\n'), letters);
}

/** The place of a letter; -1 where the text is no capital letter. */
export function placeOfLetter(text: string): number {
  return /^[A-Z]$/.test(text) ? text.charCodeAt(0) - 'A'.charCodeAt(0) : -1;
}
