// What the gate measures: each part has items, and says what a model's answers to them are worth.
import type { GatePartName } from '../config/gate-schema.js';
import type { Config } from '../config/schema.js';
import type { CallOptions, LanguageModel } from '../engine/engine.js';
import type { Benchmark, Item, ItemResult, Metric } from '../stages/evaluate/benchmark.js';
import { compareAnswers } from '../stages/evaluate/compare-answers.js';
import { drawItems } from '../stages/evaluate/evaluate.js';
import { plainPrompts } from '../stages/evaluate/gate/constraint-prompts.js';
import { isUnanswered } from '../stages/evaluate/written-answers.js';
import { winRate, type WinRateItem } from '../stages/evaluate/benchmarks/win-rate.js';
import { constraintItems, constraints } from '../stages/evaluate/benchmarks/constraints.js';
import { knowledge } from '../stages/evaluate/benchmarks/knowledge.js';
import { tryJudge } from './gate-judge.js';
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
    questions: gate.suite.includes('knowledge') ? knowledgeItems({ instructions, gate }).length : 0,
  };
}

/** At least twice the fewest prompts: they are short, and only read. */
function knowledgeItems({ instructions, gate }: Pick<Config, 'instructions' | 'gate'>) {
  const n = Math.max(2 * fewestPrompts, Math.round(gate.share * instructions));
  return drawItems(knowledge.readItems({}, { seed: 0 }), n);
}

/** The parts that the settings name, and what a part that says nothing here says instead. */
export async function gateSuite(run: RunContext, stored: GateSuite['stored'] | undefined): Promise<GateSuite> {
  const { gate } = run.config;
  const parts: GatePart[] = [];
  const { prompts } = mostItems(run.config);
  const leftOut = stored?.leftOut ?? (await leftOutOf(run));
  const isCompared = gate.suite.includes('win-rate') && leftOut['win-rate'] === undefined;
  const compared = isCompared ? Math.ceil(prompts * (gate.suite.includes('constraints') ? comparedShare : 1)) : 0;
  if (gate.suite.includes('constraints')) {
    const items = constraintItems(prompts - compared);
    parts.push(partOf('constraints', constraints, 'instruction_strict', items, run.config));
  }
  if (isCompared) parts.push(winRatePart(plainPrompts(compared), run.config));
  if (gate.suite.includes('knowledge'))
    parts.push(partOf('knowledge', knowledge, 'acc', knowledgeItems(run.config), run.config));
  const counts = Object.fromEntries(parts.map(({ name, items }) => [name, items.length]));
  return { parts, stored: stored ?? { counts, leftOut } };
}

/** Of the prompts, those whose answers are compared with the base's. */
const comparedShare = 0.25;

/** Whether answers can be compared at all, found out once a run. */
async function leftOutOf(run: RunContext): Promise<Record<string, string>> {
  if (!run.config.gate.suite.includes('win-rate')) return {};
  const { isTrusted, told } = await tryJudge(await run.engines.model(null), run.seeds, { signal: run.cancel });
  return isTrusted ? {} : { 'win-rate': `left out: ${told}` };
}

/** The base's answers are kept with what they are worth beside themselves: a tie. */
function winRatePart(items: readonly WinRateItem[], { seed, gate }: Pick<Config, 'seed' | 'gate'>): GatePart {
  const name = 'win-rate';
  const settings = { seed, maxTokens: gate.maxTokens };
  return {
    name,
    metric: { name, unit: '%', about: 'answers that the base prefers to its own, ties half' },
    items,
    measure: async (some, base, { model, openJudge, call }) => {
      const asked = some as readonly WinRateItem[];
      const { answering, comparing } = halvesOf(call, asked.length);
      const answers = await winRate.answer(asked, model, settings, base === null ? call : answering);
      const toResult = (id: string, value: number, details: Record<string, unknown>) => ({
        ...{ id: `${name} ${id}`, details },
        shares: { [name]: { value, weight: 1 } },
      });
      const textOf = (i: number) => {
        const answer = answers[i];
        return answer === undefined || isUnanswered(answer) ? '' : answer.response;
      };
      if (base === null) return asked.map(({ id }, i) => toResult(id, 50, { response: textOf(i) }));
      const baseline = new Map(base.map((one) => [one.id, one.details.response as string]));
      const pairs = asked.map((item, i) => ({
        ...{ ...item, answer: textOf(i) },
        baseline: baseline.get(`${name} ${item.id}`) ?? '',
      }));
      const verdicts = await compareAnswers(await openJudge(), pairs, comparing);
      const worth = { win: 100, tie: 50, loss: 0 };
      return verdicts.map(({ id, verdict }, i) =>
        toResult(id, verdict === undefined ? 50 : worth[verdict], { response: textOf(i), verdict: verdict ?? null }),
      );
    },
  };
}

/** Progress of the answers and of their comparison, as one that never falls: each is half of an item. */
function halvesOf({ signal, onProgress }: CallOptions, items: number): Record<'answering' | 'comparing', CallOptions> {
  let written = 0;
  const half = (before: number): CallOptions => ({
    ...(signal && { signal }),
    onProgress: ({ done, tokens }) => {
      written = Math.max(written, tokens);
      onProgress?.({ done: Math.floor((before + Math.min(done, items)) / 2), tokens: written });
    },
  });
  return { answering: half(0), comparing: half(items) };
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
