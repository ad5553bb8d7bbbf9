// A model that remembers: the same model, adapter, request and settings are never computed twice, in this process or another.
// A text is remembered as soon as it is finished, so that a call which is interrupted, or killed, goes on where it was.
import { createHash } from 'node:crypto';

import {
  type CallOptions,
  type CallProgress,
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
   *  the release of the engine, and what it computes with.
   *  @param options `isFresh`: every request is answered anew, and that answer is remembered. */
  constructor(
    private readonly model: LanguageModel,
    private readonly cache: EvaluationCache,
    private readonly identity: string,
    private readonly options: { isFresh?: boolean } = {},
  ) {}

  get hasChatTemplate(): boolean {
    return this.model.hasChatTemplate;
  }

  canScore(what: 'continuation' | 'next'): Promise<boolean> {
    return this.model.canScore?.(what) ?? Promise.resolve(true);
  }

  generate(requests: readonly GenerateRequest[], options?: CallOptions): Promise<Generated[]> {
    return this.#answers('generate', requests, options, (missing, call, remember) =>
      this.model.generate(missing, { ...call, onCompletion: (completion, place) => remember(place, completion) }),
    );
  }

  score(requests: readonly ScoreRequest[], options?: CallOptions): Promise<Scored[]> {
    return this.#answers('score', requests, options, (missing, call) => this.model.score(missing, call));
  }

  /** Failures are not remembered: they cost nothing, or were the network's. */
  async #answers<R extends { id: string }, A extends Generated | Scored>(
    kind: string,
    requests: readonly R[],
    options: CallOptions = {},
    ask: (missing: readonly R[], call: CallOptions, remember: (place: number, answer: A) => void) => Promise<A[]>,
  ): Promise<A[]> {
    const keys = requests.map((request) => this.#key(kind, request));
    const answers = (this.options.isFresh === true ? new Map() : this.cache.get(keys)) as Map<string, A>;
    const missing = requests.flatMap((request, i) => {
      const key = keys[i] as string;
      return answers.has(key) ? [] : [{ request, key }];
    });
    const remembered = requests.length - missing.length;
    this.remembered += remembered;
    if (remembered > 0) options.onProgress?.({ done: remembered, tokens: 0, remembered });
    if (missing.length > 0) {
      const early = new Set<string>();
      const remember = (place: number, answer: A) => {
        const { key } = missing[place] as { key: string };
        early.add(key);
        this.cache.put(new Map([[key, answer]]));
      };
      const asked = missing.map(({ request }) => request);
      const made = await ask(asked, afterRemembered(options, remembered), remember);
      missing.forEach(({ key }, i) => answers.set(key, made[i] as A));
      const late = missing.flatMap(({ key }, i): [string, A][] => (early.has(key) ? [] : [[key, made[i] as A]]));
      this.cache.put(new Map(late.filter(([, answer]) => !isFailed(answer))));
    }
    return requests.map(({ id }, i) => ({ ...(answers.get(keys[i] as string) as A), id }));
  }

  #key(kind: string, { id: _, ...request }: { id: string }): string {
    return createHash('sha256')
      .update(JSON.stringify([this.identity, kind, request]))
      .digest('hex');
  }
}

/** The options of a call whose first `remembered` requests are done before it begins. */
function afterRemembered({ onProgress, ...rest }: CallOptions, remembered: number): CallOptions {
  if (onProgress === undefined) return rest;
  const told = ({ done, tokens }: CallProgress) => onProgress({ done: remembered + done, tokens, remembered });
  return { ...rest, onProgress: told };
}
