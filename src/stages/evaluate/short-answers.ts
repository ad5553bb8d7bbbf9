// How the official scripts compare short answers: normalized texts, equal or overlapping in words. Each of the three
// normalizes in its own way.

/** string.punctuation of Python. */
const punctuation = /[!-/:-@[-`{-~]/g;
/** Words of Python's regular expressions are letters, digits and underscores of any script. */
const article = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;
/** What Python's split takes as white space, U+001C to U+001F among it. */
const space = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** evaluate-v2.0.py of SQuAD: punctuation is deleted. */
export function normalizeSquad(text: string): string {
  return inWords(text.toLowerCase().replace(punctuation, '').replace(article, ' '));
}

/** triviaqa_evaluation.py: punctuation, underscores and four more marks become spaces. */
export function normalizeTrivia(text: string): string {
  const spaced = text.toLowerCase().replace(punctuation, ' ').replace(/[‘’´]/g, ' ');
  return inWords(spaced.replace(article, ' '));
}

/** As SQuAD, on decomposed letters: what nq_open's evaluation does. */
export function normalizeOpen(text: string): string {
  return normalizeSquad(text.normalize('NFD'));
}

/** Multiset overlap of two normalized answers' words. Where one has none: 1 if the other has none either and `emptyMatches`. */
export function wordF1(prediction: string, gold: string, emptyMatches: boolean): number {
  const [predicted, wanted] = [wordsOf(prediction), wordsOf(gold)];
  if (predicted.length === 0 || wanted.length === 0) {
    return emptyMatches && predicted.length === wanted.length ? 1 : 0;
  }
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  const common = predicted.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count > 0;
  }).length;
  if (common === 0) return 0;
  const [precision, recall] = [common / predicted.length, common / wanted.length];
  return (2 * precision * recall) / (precision + recall);
}

function inWords(text: string): string {
  return text
    .split(space)
    .filter((word) => word !== '')
    .join(' ');
}

function wordsOf(normalized: string): string[] {
  return normalized === '' ? [] : normalized.split(' ');
}
