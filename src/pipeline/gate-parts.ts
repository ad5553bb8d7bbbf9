// What the gate measures: each part has items, and says what a model's answers to them are worth.
import type { CallOptions, LanguageModel } from '../engine/engine.js';
import type { GatePartName } from '../config/gate-schema.js';
import type { Config } from '../config/schema.js';
import { knowledgeQuestions } from '../stages/evaluate/gate/knowledge.js';
import type { Item, ItemResult, Metric } from '../stages/evaluate/benchmark.js';

export interface MeasureTools {
  /** The model that is measured. */
  model: LanguageModel;
  /** The base, where it judges; opened after `model` is no longer needed. */
  openJudge: () => Promise<LanguageModel>;
  call: CallOptions;
}

export interface GatePart {
  name: GatePartName;
  metric: Metric;
  items: readonly Item[];
  /** @param base What the same items of the base gave; null where it is the base that is measured. */
  measure(items: readonly Item[], base: readonly ItemResult[] | null, tools: MeasureTools): Promise<ItemResult[]>;
}

/** Prompts below which a gate tells nothing. */
const fewestPrompts = 20;

/** Prompts and questions that a model has to answer, by counts and never by times, so that a continued run measures the same. */
export function mostItems({ instructions, gate }: Pick<Config, 'instructions' | 'gate'>): {
  prompts: number;
  questions: number;
} {
  const answers = gate.suite.includes('constraints') || gate.suite.includes('win-rate');
  return {
    prompts: answers ? Math.max(fewestPrompts, Math.round(gate.share * instructions)) : 0,
    questions: gate.suite.includes('knowledge') ? knowledgeQuestions().length : 0,
  };
}

export interface GateSuite {
  parts: GatePart[];
  /** Decided once a run. */
  stored: { counts: Record<string, number>; leftOut: Record<string, string> };
}

/** The parts that the settings name; where the judge cannot tell good from bad, answers are not compared. */
export async function gateSuite(run: RunContext, stored: GateSuite['stored'] | undefined): Promise<GateSuite> {
}
