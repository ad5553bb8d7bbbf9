// Perplexity of a plain text: exp of the mean loss a token. The text is cut into windows of 2000 characters at single spaces or
// line ends, and each is scored behind the 2000 characters before it, so that every token but the first window's has
// context. llama-perplexity likewise scores the second half of each chunk only, of 512 tokens, cut anywhere, and skips the
// first; its figure of the same text is near this one and not the same. Figures of models with different tokenizers
// do not compare.
import { type FailedRequest, isFailed } from '../../../engine/engine.js';
import { readText } from '../../../shared/read-file.js';
import type { Benchmark, Item } from '../benchmark.js';
import { noItems } from '../read-item-rows.js';
import { requireScores } from '../require-scores.js';

interface Window extends Item {
  before: string;
  text: string;
}

interface WindowScore {
  /** Sum of natural logs. */
  logprob: number;
  tokens: number;
}

/** UTF-16 units: about 500 tokens of English. */
const windowLength = 2000;

export const perplexity: Benchmark<Window, WindowScore> = {
  name: 'perplexity',
  about: 'how well a plain text is predicted',
  metrics: [
    {
      ...{ name: 'perplexity', unit: 'perplexity', lowerIsBetter: true, of: Math.exp },
      about: 'exp of the mean loss a token, windows of 2000 characters behind as many',
    },
  ],
  needs: { files: ['data'] },
  reads: [],
  readItems(files) {
    const file = files.data as string;
    const windows = cutWindows(readText(file));
    if (windows.length === 0) throw noItems(file);
    return windows.map((text, i) => ({ id: String(i), before: windows[i - 1] ?? '', text }));
  },
  async answer(items, model, _settings, call) {
    await requireScores('perplexity', model);
    const requests = items.map(({ id, before, text }) => ({ id, prompt: { text: before }, continuation: text }));
    const scores = await model.score(requests, call);
    return scores.map((score) => (isFailed(score) ? score : { logprob: score.logprob, tokens: score.tokens }));
  },
  score: (items, answers) =>
    Promise.resolve(
      items.map(({ id }, i) => {
        const answer = answers[i] as WindowScore | FailedRequest;
        if ('error' in answer) return { id, shares: {}, details: { error: answer.error.message } };
        const { logprob, tokens } = answer;
        return { id, shares: { perplexity: { value: -logprob, weight: tokens } }, details: { logprob, tokens } };
      }),
    ),
};

/** In order, all of the text but white space at its ends; a window after the first begins with its space or line end. */
export function cutWindows(text: string): string[] {
  const windows: string[] = [];
  for (let rest = text.trim(); rest !== '';) {
    const length = rest.length <= windowLength ? rest.length : cutAt(rest);
    windows.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  return windows;
}

/** The last single space or line end of the window's second half; otherwise anywhere but within a character. */
function cutAt(text: string): number {
  for (let at = windowLength; at > windowLength / 2; at--) {
    if (/^\S[ \n]\S$/.test(text.slice(at - 1, at + 2))) return at;
  }
  return /[\ud800-\udbff]/.test(text.charAt(windowLength - 1)) ? windowLength - 1 : windowLength;
}
