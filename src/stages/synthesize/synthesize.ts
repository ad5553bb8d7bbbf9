// Stage synthesize: the model writes new instructions from demonstrations.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import type { Candidate, SeedTask, StopReason, Verdict } from '../../shared/rows.js';

/** Judges candidates one after the other and remembers the accepted ones; stages/filter's createScreen makes one. */
export interface CandidateScreen {
  judge(candidate: { instruction: string; input: string }): Verdict[];
  /** Tells of a candidate that was accepted earlier, without judging it again. */
  remember(candidate: { instruction: string; input: string }): void;
}

export interface SynthesizeInput extends CallOptions {
  seeds: readonly SeedTask[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  /** Distinct instructions wanted. */
  target: number;
  settings: Config['synthesize'];
  /** A fresh one; the stage replays the candidates of `earlier` into it. */
  screen: CandidateScreen;
  /** The chunks that are already done, in order; the stage goes on after them. */
  earlier: readonly Pick<SynthesizeChunk, 'requests' | 'candidates' | 'unparsed'>[];
}

/** One prompt and what the model wrote. */
export interface SynthesizeRequest {
  /** s-<iteration>-<number>, counted from 1 */
  id: string;
  /** Ids of the seeds shown, in order. */
  demonstrations: string[];
  prompt: string;
  /** The request's random stream. */
  seed: number;
  text: string;
  stop: StopReason;
  tokens: number;
}

export interface SynthesizeChunk {
  /** Counted from 0. */
  index: number;
  requests: SynthesizeRequest[];
  /** Every task that could be parsed, with verdicts; ids c-<iteration>-<number>, counted from 1. */
  candidates: Candidate[];
  /** How many pieces of text were not a task, by reason. */
  unparsed: Record<string, number>;
}

/** Yields chunks until `target` candidates are kept. Throws `nothing-usable` where too few are. */
export declare function synthesize(input: SynthesizeInput, model: LanguageModel): AsyncGenerator<SynthesizeChunk, void>;
