// A model that remembers: the same model, adapter, request and settings are never computed twice, in this process or another.
import { createHash } from 'node:crypto';

import {
  type CallOptions,
  type Generated,
  type GenerateRequest,
  isFailed,
  type LanguageModel,
  type Scored,
  type ScoreRequest,
} from '../engine/engine.js';
import type { EvaluationCache } from '../store/evaluation-cache.js';

export class CachedModel implements LanguageModel {
  /** Requests that were answered from the cache. */
  remembered = 0;

  /** @param identity All that the answers depend on beside the requests: the model's bytes, its adapter's, the template,
   *  the release of the engine, and what it computes with. */
  constructor(
    private readonly model: LanguageModel,
    private readonly cache: EvaluationCache,
    private readonly identity: string,
  ) {}

  get hasChatTemplate(): boolean {
    return this.model.hasChatTemplate;
  }

  canScore(what: 'continuation' | 'next'): Promise<boolean> {
    return this.model.canScore?.(what) ?? Promise.resolve(true);
  }

  generate(requests: readonly GenerateRequest[], options?: CallOptions): Promise<Generated[]> {
    return this.#answers('generate', requests, (missing) => this.model.generate(missing, options));
  }

  score(requests: readonly ScoreRequest[], options?: CallOptions): Promise<Scored[]> {
    return this.#answers('score', requests, (missing) => this.model.score(missing, options));
  }

  /** Failures are not remembered: they cost nothing, or were the network's. */
  async #answers<R extends { id: string }, A extends Generated | Scored>(
    kind: string,
    requests: readonly R[],
    ask: (missing: readonly R[]) => Promise<A[]>,
  ): Promise<A[]> {
    const keys = requests.map((request) => this.#key(kind, request));
    const known = this.cache.get(keys) as Map<string, A>;
    const missing = requests.filter((_, i) => !known.has(keys[i] as string));
    const made = new Map<string, A>();
    if (missing.length > 0) {
      const answers = await ask(missing);
      missing.forEach((request, i) => made.set(this.#key(kind, request), answers[i] as A));
      this.cache.put(new Map([...made].filter(([, answer]) => !isFailed(answer))));
    }
    this.remembered += requests.length - missing.length;
    return requests.map(({ id }, i) => ({
      ...((made.get(keys[i] as string) ?? known.get(keys[i] as string)) as A),
      id,
    }));
  }

  #key(kind: string, { id: _, ...request }: { id: string }): string {
    return createHash('sha256')
      .update(JSON.stringify([this.identity, kind, request]))
      .digest('hex');
  }
}
