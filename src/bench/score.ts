// Tokens a second of scoring: continuations of 64 words after prompts of 128, different ones, and ones that share their
// prompt in groups of four, as the options of a multiple-choice question do.
import { loadModel } from '../engine/model.js';
import type { ScoreRequest } from '../engine/engine.js';
import { type Figure, figure, timed, words } from './figure.js';
import type { BenchmarkSettings } from './options.js';

const nRequests = 32;

export async function* benchScore({ model: path, threads, device }: BenchmarkSettings): AsyncGenerator<Figure> {
  const model = await loadModel({ path, threads, device, batch: { parallel: 16 } });
  await model.score(requestsFor(1).slice(0, 4));
  for (const group of [1, 4]) {
    const requests = requestsFor(group);
    const { seconds } = await timed(() => model.score(requests));
    const tokens = requests.reduce((sum, { prompt, continuation }) => {
      return sum + model.promptTokens(prompt).length + model.promptTokens({ text: continuation }).length;
    }, 0);
    const label = group === 1 ? 'different prompts' : `prompts shared by ${group}`;
    yield figure('score', `tokens of prompts and continuations, ${label}`, tokens / seconds, 'tokens/s');
  }
  await model.dispose();
}

function requestsFor(group: number): ScoreRequest[] {
  return Array.from({ length: nRequests }, (_, i) => ({
    id: String(i),
    prompt: { text: words(128, Math.floor(i / group)) },
    continuation: ` ${words(64, i)}`,
  }));
}
