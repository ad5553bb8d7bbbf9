// Stage respond: the model answers the candidates, zero-shot.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import type { Candidate, Completion, Pair } from '../../shared/rows.js';

export interface RespondInput extends CallOptions {
  /** The kept candidates, in order. */
  candidates: readonly Candidate[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  settings: Config['respond'];
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface RespondChunk {
  /** Counted from 0; chunk k holds the candidates k * settings.chunk and following. */
  index: number;
  /** With the candidates' ids; `source` says {stop, tokens, logprob?, seed}. */
  pairs: Pair[];
  /** What the model wrote, untouched, in the same order. */
  completions: Completion[];
}

export declare function respond(input: RespondInput, model: LanguageModel): AsyncGenerator<RespondChunk, void>;
