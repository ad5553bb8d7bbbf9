// What a benchmark is: items, the answers that a model gives to them, and what each answer is worth. One file a benchmark
// in benchmarks/; who runs them, with cache, intervals and comparisons, knows nothing of any of them.
import type { CallOptions, FailedRequest, LanguageModel } from '../../engine/engine.js';
import type { RunProgram } from '../../engine/sandbox/program-run.js';

/** Files that a benchmark is read from, by what they hold. */
export const fileRoles = {
  data: 'the items',
  baseline: "another model's answers, which the model's are compared with",
  references: 'answers that a judge is shown as right',
  judgePrompts: "the judge's wording",
  lengthControl: 'how hard each item is, and judgements of gamed baselines, for a length-controlled win rate',
  examples: 'examples that stand before each item',
  labels: 'right answers, one a line, of items that lack them',
} as const;
export type FileRole = keyof typeof fileRoles;
export type BenchmarkFiles = Readonly<Partial<Record<FileRole, string>>>;

export interface Item {
  id: string;
  /** Items that are no two independent observations (two questions on one text) share it; intervals resample by it. */
  cluster?: string;
}

/** What a person may choose; each benchmark has values of its own for what is left open. */
export interface EvaluateSettings {
  /** Of all random choices: sampling, and the order in which a judge sees two answers. */
  seed: number;
  /** Most tokens of an answer. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  /** Answers an item, where a benchmark takes several (pass@k). */
  samples?: number | undefined;
  /** Examples before each item, where a benchmark has such. */
  shots?: number | undefined;
  /** How questions are asked: in plain text that the model goes on with (the default), or in a message. */
  form?: 'raw' | 'chat' | undefined;
}

/** What a benchmark may read beside the seed; a setting that it does not read is refused, not passed over. */
export type BenchmarkSetting = Exclude<keyof EvaluateSettings, 'seed'>;

/** Of every benchmark whose answers are texts. */
export const writtenSettings = ['maxTokens', 'temperature'] as const satisfies readonly BenchmarkSetting[];

export interface ScoringTools {
  /** Present where the benchmark needs a judge. */
  judge?: LanguageModel;
  /** Present where the benchmark runs programs. */
  runProgram?: RunProgram;
  /** The files that the items were read from. */
  files: BenchmarkFiles;
  /** The base's answers to the same items, in their order, where the benchmark compares with them (needs.baseAnswers). */
  baseAnswers?: readonly unknown[];
  settings: EvaluateSettings;
  call: CallOptions;
}

/** What an item adds to a metric, which is the sum of the values over the sum of the weights. */
export interface Share {
  value: number;
  weight: number;
}

export interface ItemResult {
  id: string;
  /** By metric; a metric that the item says nothing of is absent. */
  shares: Readonly<Record<string, Share>>;
  cluster?: string;
  /** What a person wants to see of it: the answer, verdicts, the judge's words. Plain JSON. */
  details: Readonly<Record<string, unknown>>;
}

export interface Metric {
  name: string;
  /** Shares are given in percent. */
  unit: '%' | 'points' | 'nats' | 'perplexity' | 'characters';
  about: string;
  /** Losses and perplexities are. */
  lowerIsBetter?: boolean;
  /** Neither more nor less of it is better: it describes, and takes no part in what a comparison decides. */
  isNeutral?: boolean;
  /** From the mean to the metric: exp for a perplexity. */
  of?: (mean: number) => number;
}

export interface Benchmark<I extends Item = Item, A = unknown> {
  readonly name: string;
  /** One line. */
  readonly about: string;
  /** The first one is the one that a person asks for. */
  readonly metrics: readonly Metric[];
  readonly needs: {
    readonly files: readonly FileRole[];
    /** Files that are read where they are given. */
    readonly optionalFiles?: readonly FileRole[];
    readonly judge?: boolean;
    readonly programs?: boolean;
    /** Compares with what the base answers to the same items; with the file in the role `baseline` instead where there is one. */
    readonly baseAnswers?: boolean;
  };
  /** Those that read no `form` ask in the one that they are defined by. */
  readonly reads: readonly BenchmarkSetting[];
  /** Throws `bad-input` that names all that is wrong: missing fields, ids that repeat. */
  readItems(files: BenchmarkFiles, settings: EvaluateSettings): I[];
  /** Answers that another program gave, in the benchmark's official form or as `{id, response}`: one for each item of the
   *  file that it names, in the order of `items`. Absent where a benchmark reads log-probabilities. Throws `bad-input`. */
  readAnswers?(file: string, items: readonly I[]): { items: I[]; answers: A[] };
  /** Of a benchmark that needs a judge: whether these items, or the answers to them that were read, leave it anything to
   *  judge. Absent: always. */
  needsJudge?(items: readonly I[], answers?: readonly A[]): boolean;
  /** What a person should know before comparing the numbers with published ones, given these files; `isJudged`: a judge is
   *  asked at all. */
  notes?(files: BenchmarkFiles, isJudged: boolean): string[];
  /** The model's answers to these items, in their order. */
  answer(
    items: readonly I[],
    model: LanguageModel,
    settings: EvaluateSettings,
    call: CallOptions,
  ): Promise<(A | FailedRequest)[]>;
  /** What each answer is worth, in the order of the items. An answer that failed is worth nothing and says why. */
  score(items: readonly I[], answers: readonly (A | FailedRequest)[], tools: ScoringTools): Promise<ItemResult[]>;
  /** Metrics that are no sum over items, such as a regression over all of them. */
  overall?(items: readonly I[], results: readonly ItemResult[], files: BenchmarkFiles): OverallMetric[];
}

export interface OverallMetric extends Metric {
  value: number;
  low: number;
  high: number;
}
