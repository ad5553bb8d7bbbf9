// What the gate measures: each part has items, and says what a model's answers to them are worth.
import type { GatePartName } from '../config/gate-schema.js';
import type { Config } from '../config/schema.js';
import type { CallOptions, LanguageModel } from '../engine/engine.js';
import type { Benchmark, Item, ItemResult, Metric } from '../stages/evaluate/benchmark.js';
import { constraintItems, constraints } from '../stages/evaluate/benchmarks/constraints.js';
import { knowledge } from '../stages/evaluate/benchmarks/knowledge.js';
import type { RunContext } from './run-context.js';

export interface MeasureTools {
  /** The model that is measured. */
  model: LanguageModel;
  /** The base, where it judges; opened when `model` is no longer needed. */
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

export interface GateSuite {
  parts: GatePart[];
  /** Decided once a run. */
  stored: { counts: Record<string, number>; leftOut: Record<string, string> };
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
    questions: gate.suite.includes('knowledge') ? knowledgeItems().length : 0,
  };
}

function knowledgeItems(): Item[] {
  return knowledge.readItems({}, { seed: 0 });
}

/** The parts that the settings name, and what a part that says nothing here says instead. */
export async function gateSuite(run: RunContext, stored: GateSuite['stored'] | undefined): Promise<GateSuite> {
  const { gate } = run.config;
  const parts: GatePart[] = [];
  const { prompts } = mostItems(run.config);
  if (gate.suite.includes('constraints')) {
    const items = constraintItems(prompts);
    parts.push(partOf('constraints', constraints, 'instruction_strict', items, run.config));
  }
  if (gate.suite.includes('knowledge')) parts.push(partOf('knowledge', knowledge, 'acc', knowledgeItems(), run.config));
  const counts = Object.fromEntries(parts.map(({ name, items }) => [name, items.length]));
  return Promise.resolve({ parts, stored: stored ?? { counts, leftOut: {} } });
}

/** One metric of a benchmark as a part. */
function partOf<I extends Item, A>(
  name: GatePartName,
  benchmark: Benchmark<I, A>,
  metricName: string,
  items: readonly I[],
  { seed, gate }: Pick<Config, 'seed' | 'gate'>,
): GatePart {
  const metric = benchmark.metrics.find((one) => one.name === metricName);
  if (metric === undefined) throw new Error(`${benchmark.name} has no metric ${metricName}`);
  const settings = { seed, maxTokens: gate.maxTokens };
  return {
    name,
    metric: { ...metric, name },
    items,
    measure: async (some, _base, { model, call }) => {
      const asked = some as readonly I[];
      const answers = await benchmark.answer(asked, model, settings, call);
      const results = await benchmark.score(asked, answers, { settings, call, files: {} });
      return results.map(({ id, shares, details }) => ({
        id: `${name} ${id}`,
        shares: { [name]: shares[metricName] ?? { value: 0, weight: 1 } },
        details,
      }));
    },
  };
}
