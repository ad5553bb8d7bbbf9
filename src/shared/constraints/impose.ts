// How a text is made over so as to meet a constraint: demonstrations, whose outputs were written without, and responses.
import { countWords, sentences } from './text.js';

/** The text in so many parts of about one length, cut between sentences where there are enough of them, between words where
 *  not; fewer parts where there are too few words. */
export function parts(text: string, count: number): string[] {
  const whole = sentences(text);
  const pieces = whole.length >= count ? whole : text.split(/\s+/u).filter((word) => word !== '');
  const each = pieces.length / count;
  const cut = Array.from({ length: count }, (_, i) => pieces.slice(Math.round(i * each), Math.round((i + 1) * each)));
  return cut.map((part) => part.join(' ')).filter((part) => part !== '');
}

/** As many whole sentences from its beginning as have so many words at most. */
export function firstSentences(text: string, words: number): string {
  const kept: string[] = [];
  for (const sentence of sentences(text)) {
    if (countWords([...kept, sentence].join(' ')) > words) break;
    kept.push(sentence);
  }
  return kept.join(' ');
}

const titleWords = 5;

/** The first words of a text, without what ends a sentence. */
export function titleOf(text: string): string {
  const [first = ''] = sentences(text);
  const words = first.split(/\s+/u).slice(0, titleWords).join(' ');
  return words.replace(/[^\p{L}\p{N}]+$/u, '');
}

/** The text with its first `count` long words between the marks. */
export function markWords(text: string, count: number, before: string, after: string): string {
  let left = count;
  return text.replace(/(?<![\p{L}\p{N}*[])\p{L}{6,}(?![\p{L}\p{N}*\]])/gu, (word) =>
    left-- > 0 ? `${before}${word}${after}` : word,
  );
}
