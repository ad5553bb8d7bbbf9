// Tokens a second of generation. Decoding alone, as the S_TG column of llama-batched-bench: the time of a call that
// generates one token a sequence is taken off. Prompts of 64 tokens, 128 generated ones (fewer where a text ends).
import { loadModel, type Model } from '../engine/model.js';
import { countTokens, type GenerateRequest, type Sampling } from '../engine/engine.js';
import { type Figure, figure, timed, words } from './figure.js';
import type { BenchmarkSettings } from './options.js';

const promptWords = 60;
const generated = 128;

const samplings: Readonly<Record<string, Sampling>> = {
  greedy: { temperature: 0, topK: 0, topP: 1, minP: 0 },
  'top-p 0.95': { temperature: 1, topK: 0, topP: 0.95, minP: 0 },
};

export async function* benchGenerate({ model: path, threads, device }: BenchmarkSettings): AsyncGenerator<Figure> {
  for (const sequences of [1, 4, 16, 64]) {
    const model = await loadModel({ path, threads, device, batch: { parallel: sequences } });
    await measure(model, requestsFor(sequences, samplings.greedy as Sampling, 2)); // reads the weights into memory
    for (const [name, sampling] of Object.entries(samplings)) {
      const first = await measure(model, requestsFor(sequences, sampling, 1));
      const all = await measure(model, requestsFor(sequences, sampling, 1 + generated));
      const label = `${sequences} sequences, ${name}`;
      const decoded = (all.tokens - first.tokens) / (all.seconds - first.seconds);
      yield figure('generate', `decoding, ${label}`, decoded, 'tokens/s');
      yield figure('generate', `whole call, ${label}`, all.tokens / all.seconds, 'tokens/s');
    }
    await model.dispose();
  }
}

function requestsFor(n: number, sampling: Sampling, maxTokens: number): GenerateRequest[] {
  return Array.from({ length: n }, (_, seed) => {
    return { id: String(seed), prompt: { text: words(promptWords, seed) }, maxTokens, stop: [], sampling, seed };
  });
}

async function measure(
  model: Model,
  requests: readonly GenerateRequest[],
): Promise<{ seconds: number; tokens: number }> {
  const { seconds, result } = await timed(() => model.generate(requests));
  return { seconds, tokens: countTokens(result) };
}
