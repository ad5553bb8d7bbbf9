// Stage assess: how good each pair is in the model's own eyes.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import type { AssessMethod, Assessment, Likelihood, Pair } from '../../shared/rows.js';

/** An assessment whose rank is not known yet: ranks need the whole pool (rankPool). */
export type UnrankedAssessment =
  | Exclude<Assessment, { method: 'likelihood'; rank: number }>
  | { id: string; method: 'likelihood'; likelihood: Likelihood };

export interface AssessInput extends CallOptions {
  /** The pairs that passed the filters, in order. */
  pairs: readonly Pair[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  /** Resolved: `auto` is decided by the self-test before (chooseMethod). */
  method: AssessMethod;
  settings: Pick<Config['assess'], 'criteria' | 'chunk'>;
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface AssessChunk {
  /** Counted from 0; chunk k holds the pairs k * settings.chunk and following. */
  index: number;
  assessments: UnrankedAssessment[];
}

export declare function assess(input: AssessInput, model: LanguageModel): AsyncGenerator<AssessChunk, void>;
