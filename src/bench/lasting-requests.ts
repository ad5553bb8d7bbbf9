// Requests that generate as much as they may: speeds can be compared only where every sequence is busy to the end.
import { isFailed, type GenerateRequest, type Sampling } from '../engine/engine.js';
import { loadModel, type Model } from '../engine/model.js';
import { IsheepError } from '../shared/errors.js';
import { words } from './figure.js';

export interface Shape {
  requests: number;
  /** Of each prompt; the first `sharedTokens` of them are the same in all. */
  promptTokens: number;
  sharedTokens: number;
  /** Tokens a request generates. */
  generated: number;
}

/** Times as many candidates as are needed that are tried at most. */
const mostCandidates = 20;

/** Requests whose texts do not end before their length. Throws `nothing-usable` where the model ends nearly all. */
export async function lastingRequests(
  { model: path, device, threads }: { model: string; device: string; threads: number },
  shape: Shape,
  sampling: Sampling,
): Promise<GenerateRequest[]> {
  const model = await loadModel({ path, device, threads });
  try {
    const lasting: GenerateRequest[] = [];
    for (let tried = 0; tried < mostCandidates * shape.requests;) {
      const missing = shape.requests - lasting.length;
      const candidates = Array.from({ length: missing }, (_, i) => candidate(model, shape, sampling, tried + i));
      const results = await model.generate(candidates);
      lasting.push(...candidates.filter((_, i) => lasts(results[i])));
      if (lasting.length === shape.requests) return lasting;
      tried += missing;
    }
  } finally {
    await model.dispose();
  }
  throw new IsheepError('nothing-usable', `the model ends nearly every text before ${shape.generated} tokens`, {
    hint: 'measure another model',
  });
}

function lasts(result: Awaited<ReturnType<Model['generate']>>[number] | undefined): boolean {
  return result !== undefined && !isFailed(result) && result.stop === 'length';
}

function candidate(model: Model, shape: Shape, sampling: Sampling, seed: number): GenerateRequest {
  const shared = textOf(model, shape.sharedTokens, 0, '');
  const text = textOf(model, shape.promptTokens, seed + 1, shared);
  return { id: String(seed), prompt: { text }, maxTokens: shape.generated, stop: [], sampling, seed };
}

/** `beginning` and words of the kind of `seed`, as many as make `tokens` tokens, or a few fewer. */
function textOf(model: Model, tokens: number, seed: number, beginning: string): string {
  const count = (text: string) => model.promptTokens({ text }).length;
  const joined = (n: number) => `${beginning}${beginning === '' || n === 0 ? '' : ' '}${words(n, seed)}`;
  let n = Math.max(0, tokens - (beginning === '' ? 0 : count(beginning)));
  while (n > 0 && count(joined(n)) > tokens) n--;
  return joined(n);
}
