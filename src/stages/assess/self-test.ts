import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import type { AssessMethod, SeedTask } from '../../shared/rows.js';
import type { Config } from '../../config/schema.js';

export type SpoiltKind = 'shuffled' | 'cut' | 'scrambled' | 'copied';

/** How often the seed's own pair was judged better than its spoilt version, ties half, with a 95 % interval. */
export interface PairedAccuracy {
  n: number;
  value: number;
  low: number;
  high: number;
}

export interface SelfTestRow {
  method: AssessMethod;
  kinds: Record<SpoiltKind, PairedAccuracy>;
  /** Over shuffled, cut and scrambled; copies are left to the copied-response filter. */
  overall: PairedAccuracy;
  /** Pairs, own or spoilt, for which the method gave no assessment. */
  failed: number;
}

export interface SelfTestInput extends CallOptions {
  seeds: readonly SeedTask[];
  /** The run's seed. */
  seed: number;
  criteria: Config['assess']['criteria'];
  methods?: readonly AssessMethod[];
  /** How many seeds are used. */
  limit?: number;
}

export declare function selfTest(input: SelfTestInput, model: LanguageModel): Promise<SelfTestRow[]>;

/** What `auto` takes, and why, in words for the summary. */
export declare function chooseMethod(rows: readonly SelfTestRow[]): { method: AssessMethod; why: string };
