// AlpacaEval: how often a judge prefers the model's answer to a fixed baseline's, over 805 instructions.
//
// The data file is one of the published output lists (results/<model>/model_outputs.json):
//   [{"dataset": "…", "instruction": "Name a bird.", "output": "A wren.", "generator": "text_davinci_003"}, …]
// whose outputs are the baseline's, unless the file in the role `baseline` gives others. Answers are such a list of another
// model, `{id, response}` with the place in the data file as id, or a published annotations.json, whose judgements are then
// taken as they are: output_1 is the baseline's, preference 1 = baseline, 2 = model, 0 or 1.5 = draw, null = no verdict.
import { z } from 'zod';

import type { FailedRequest } from '../../../engine/engine.js';
import { IsheepError } from '../../../shared/errors.js';
import { badRecords, type PlacedRecord, readRecords, readRecordsOf, repeatedKey } from '../../../shared/records.js';
import { deriveSeed, randomStream } from '../../../shared/random.js';
import {
  type Benchmark,
  type BenchmarkFiles,
  type Item,
  type ItemResult,
  type Metric,
  type OverallMetric,
  type ScoringTools,
  writtenSettings,
} from '../benchmark.js';
import { joinAnswers } from '../join-answers.js';
import {
  letterJudge,
  type PairJudge,
  type Preference,
  rankingJudge,
  readJudgeTemplate,
  type TwoOutputs,
} from '../judging/alpaca-judges.js';
import { needJudge } from '../judging/need-judge.js';
import { type JudgedLengths, lengthControlledWinRate } from '../length-control/length-controlled.js';
import { readLengthControl } from '../length-control/read-length-control.js';
import { answerSchema, isUnanswered, type WrittenAnswer, writeAnswers } from '../written-answers.js';

export interface AlpacaItem extends Item {
  instruction: string;
  /** The baseline's answer; absent where no file has one. */
  baseline?: string;
}

export interface AlpacaAnswer extends WrittenAnswer {
  /** A published judgement. */
  annotation?: { preference: number | null; baseline: string };
}

const outputsSchema = z.looseObject({
  instruction: z.string(),
  output: z.string().optional(),
  generator: z.string().optional(),
});

const annotationSchema = z.looseObject({
  instruction: z.string(),
  output_1: z.string(),
  output_2: z.string(),
  generator_1: z.string(),
  generator_2: z.string(),
  preference: z
    .number()
    .nullable()
    .refine((value) => value === null || value === 0 || (value >= 1 && value <= 2), 'must be 0, 1 to 2, or null'),
});

type Given = z.infer<typeof annotationSchema> | z.infer<typeof outputsSchema> | z.infer<typeof answerSchema>;

/** What a file of answers may hold. */
const givenForms: { field: string; schema: z.ZodType<Given> }[] = [
  { field: 'output_2', schema: annotationSchema },
  { field: 'response', schema: answerSchema },
  { field: 'output', schema: outputsSchema.required({ output: true }) },
];

const answerTokens = 1024;

interface Version {
  name: string;
  about: string;
  /** The baseline's name in published annotations. */
  baseline: string;
  judge: PairJudge;
}

const metrics: readonly Metric[] = [
  { name: 'win_rate', unit: '%', about: "how much the judge prefers the model's answers; a draw is half" },
  { name: 'discrete_win_rate', unit: '%', about: 'answers preferred at all, draws half' },
  { name: 'average_length', unit: 'characters', about: "the model's answers", isNeutral: true },
  { name: 'unjudged', unit: '%', about: 'answers without a verdict, left out of the win rates', lowerIsBetter: true },
];

function alpacaEval(version: Version): Benchmark<AlpacaItem, AlpacaAnswer> {
  const { name, about } = version;
  return {
    name,
    about,
    metrics,
    needs: { files: ['data'], optionalFiles: ['baseline', 'judgePrompts', 'lengthControl'], judge: true },
    reads: writtenSettings,
    readItems,
    readAnswers: (file, items) => readAnswers(file, items, version),
    needsJudge: (_items, answers) => answers?.every(({ annotation }) => annotation !== undefined) !== true,
    notes,
    answer: (items, model, settings, call) => {
      needBaselines(items, name);
      const asked = items.map(({ id, instruction }) => ({
        id,
        messages: [{ role: 'user' as const, content: instruction }],
      }));
      return writeAnswers(asked, model, { seedOf: 'alpaca-eval', settings, maxTokens: answerTokens }, call);
    },
    score: (items, answers, tools) => score(items, answers, tools, version),
    overall,
  };
}

export const alpacaEval1 = alpacaEval({
  name: 'alpaca-eval',
  about: 'AlpacaEval 1.0: 805 instructions, a judge ranks the answer and text-davinci-003’s',
  baseline: 'text_davinci_003',
  judge: rankingJudge,
});

export const alpacaEval2 = alpacaEval({
  name: 'alpaca-eval-2',
  about: 'AlpacaEval 2.0: 805 instructions, log-probabilities of a judge’s choice between the answer and GPT-4 Turbo’s',
  baseline: 'gpt4_1106_preview',
  judge: letterJudge,
});

function readItems(files: BenchmarkFiles): AlpacaItem[] {
  const file = files.data ?? '';
  const records = uniqueInstructions(file);
  const baselines = files.baseline === undefined ? undefined : baselineOutputs(files.baseline, records);
  if (files.judgePrompts !== undefined) readJudgeTemplate(files.judgePrompts);
  if (files.lengthControl !== undefined) checkLengthControl(files.lengthControl, records.length);
  return records.map(({ record: { instruction, output } }, i) => {
    const baseline = baselines?.get(instruction) ?? output;
    return { id: String(i), instruction, ...(baseline !== undefined && { baseline }) };
  });
}

function uniqueInstructions(file: string): PlacedRecord<z.infer<typeof outputsSchema>>[] {
  const records = readRecords(file, outputsSchema);
  const places = new Map<string, string>();
  const problems = records
    .map(({ place, record }) => repeatedKey(record.instruction, place, places))
    .filter((problem) => problem !== undefined);
  if (records.length === 0) problems.push(`${file} is empty`);
  if (problems.length > 0) throw badRecords(file, problems, "give a model's outputs as AlpacaEval publishes them");
  return records;
}

function baselineOutputs(file: string, items: readonly PlacedRecord<{ instruction: string }>[]): Map<string, string> {
  const outputs = new Map(uniqueInstructions(file).map(({ record }) => [record.instruction, record.output]));
  const problems = items
    .filter(({ record }) => outputs.get(record.instruction) === undefined)
    .map(({ place }) => `the instruction of ${place} has no output`);
  if (problems.length > 0) throw badRecords(file, problems, 'the baseline must have answered every instruction');
  return outputs as Map<string, string>;
}

function checkLengthControl(file: string, items: number): void {
  const { difficulty } = readLengthControl(file);
  const missing = Array.from({ length: items }, (_, i) => i).filter((i) => !difficulty.has(i));
  if (missing.length === 0) return;
  const problems = missing.map((i) => `instruction ${i} has no difficulty`);
  throw badRecords(file, problems, 'the file must be of the same instructions, in the same order');
}

function readAnswers(file: string, items: readonly AlpacaItem[], { name, baseline }: Version) {
  const places = new Map(items.map((item) => [item.id, item]));
  const keyOfId = (id: string) => places.get(id)?.instruction ?? `id ${id}`;
  const joined = joinAnswers<AlpacaItem, Given>(file, items, readRecordsOf(file, givenForms), {
    ofItem: ({ instruction }) => instruction,
    ofRecord: (record) => (isAnswer(record) ? keyOfId(record.id) : record.instruction),
    wrong: (record) => {
      if (!isAnnotation(record) || record.generator_1 === baseline) return undefined;
      return `${name} compares with ${baseline}, and this annotation with ${record.generator_1}`;
    },
  });
  const answers = joined.records.map(toAnswer);
  needBaselines(
    joined.items.filter((_, i) => answers[i]?.annotation === undefined),
    name,
  );
  return { items: joined.items, answers };
}

function needBaselines(items: readonly AlpacaItem[], name: string): void {
  const without = items.filter(({ baseline }) => baseline === undefined);
  if (without.length === 0) return;
  const [first] = without;
  const what = `the baseline's outputs for ${without.length} of the instructions, of which instruction ${first?.id} is the first`;
  throw new IsheepError('bad-input', `${name} lacks ${what}`, {
    hint: 'give a data file with outputs, or the baseline’s outputs in a file of their own',
  });
}

function isAnnotation(record: Given): record is z.infer<typeof annotationSchema> {
  return 'output_2' in record;
}

function isAnswer(record: Given): record is z.infer<typeof answerSchema> {
  return 'response' in record;
}

function toAnswer(record: Given): AlpacaAnswer {
  if (isAnswer(record)) return { response: record.response };
  if (!isAnnotation(record)) return { response: record.output ?? '' };
  const { output_1, output_2, preference } = record;
  return { response: output_2, annotation: { preference, baseline: output_1 } };
}

function notes({ judgePrompts, lengthControl }: BenchmarkFiles, isJudged: boolean): string[] {
  const wording =
    'the judge’s wording is isheep’s own: for figures that compare with the leaderboard’s give the official template by --judge-prompts';
  const length =
    'lc_win_rate is left out: it needs each instruction’s difficulty and judgements of gamed baselines (df_gamed.csv) by --length-control';
  return [
    ...(isJudged && judgePrompts === undefined ? [wording] : []),
    ...(lengthControl === undefined ? [length] : []),
  ];
}

async function score(
  items: readonly AlpacaItem[],
  answers: readonly (AlpacaAnswer | FailedRequest)[],
  tools: ScoringTools,
  version: Version,
): Promise<ItemResult[]> {
  const { seed } = tools.settings;
  const pairs = items.flatMap((item, i) => {
    const answer = answers[i];
    if (answer === undefined || isUnanswered(answer) || answer.annotation !== undefined) return [];
    return [orderedPair(item, answer.response, seed)];
  });
  const verdicts = await judgePairs(pairs, tools, version);
  return items.map((item, i) => toResult(item, answers[i] as AlpacaAnswer | FailedRequest, verdicts.get(item.id)));
}

interface OrderedPair extends TwoOutputs {
  /** The model's answer is the first output. */
  isSwapped: boolean;
}

/** In an order drawn for the item, so that a judge that likes one place does not matter on the whole. */
function orderedPair(item: AlpacaItem, response: string, seed: number): OrderedPair {
  const { id, instruction, baseline = '' } = item;
  const isSwapped = randomStream(deriveSeed(seed, 'alpaca-eval', 'order', id))() < 0.5;
  const outputs = isSwapped ? { output_1: response, output_2: baseline } : { output_1: baseline, output_2: response };
  return { id, instruction, ...outputs, isSwapped };
}

type Verdict = Preference & { isSwapped: boolean };

async function judgePairs(
  pairs: readonly OrderedPair[],
  tools: ScoringTools,
  { name, judge }: Version,
): Promise<Map<string, Verdict>> {
  if (pairs.length === 0) return new Map();
  const { judgePrompts } = tools.files;
  const template = judgePrompts === undefined ? judge.template : readJudgeTemplate(judgePrompts);
  const preferences = await judge.prefer(pairs, template, needJudge(tools, name), tools.call);
  return new Map(pairs.map(({ id, isSwapped }, i) => [id, { ...(preferences[i] as Preference), isSwapped }]));
}

function toResult(item: AlpacaItem, answer: AlpacaAnswer | FailedRequest, verdict: Verdict | undefined): ItemResult {
  const { id } = item;
  if (isUnanswered(answer)) {
    const shares = { win_rate: one(0), discrete_win_rate: one(0), unjudged: one(0) };
    return { id, shares, details: { preference: 1, reason: answer.error.message } };
  }
  const { response, annotation } = answer;
  const lengths = {
    length: characters(response),
    baselineLength: characters(annotation?.baseline ?? item.baseline ?? ''),
  };
  const length = { average_length: { value: lengths.length, weight: 1 } };
  const details = { response, ...lengths, ...judgeDetails(verdict) };
  const preference = annotation === undefined ? preferenceForModel(verdict) : annotation.preference;
  if (preference === null)
    return { id, shares: { ...length, unjudged: one(100) }, details: { ...details, preference } };
  const won = preference === 0 ? 0.5 : preference - 1;
  const discrete = won === 0.5 ? 0.5 : Number(won > 0.5);
  const shares = { win_rate: one(100 * won), discrete_win_rate: one(100 * discrete), ...length, unjudged: one(0) };
  return { id, shares, details: { ...details, preference: won + 1 } };
}

function one(value: number) {
  return { value, weight: 1 };
}

function judgeDetails(verdict: Verdict | undefined): Record<string, unknown> {
  if (verdict === undefined) return {};
  const { isSwapped, judgement } = verdict;
  return { modelFirst: isSwapped, judgement, ...('reason' in verdict && { reason: verdict.reason }) };
}

/** As annotations have it: 1 baseline, 2 model. */
function preferenceForModel(verdict: Verdict | undefined): number | null {
  if (verdict === undefined || 'reason' in verdict) return null;
  return verdict.isSwapped ? 3 - verdict.preference : verdict.preference;
}

/** Python's len: code points. */
function characters(text: string): number {
  return Array.from(text).length;
}

/** The standard error as published, 100 · sd / √n, and the win rate at equal lengths where its inputs are given. */
function overall(
  _items: readonly AlpacaItem[],
  results: readonly ItemResult[],
  files: BenchmarkFiles,
): OverallMetric[] {
  const error = standardErrorMetric(results);
  if (files.lengthControl === undefined) return error;
  const control = readLengthControl(files.lengthControl);
  const fitted = lengthControlledWinRate(results.flatMap(judgedLengths), control);
  if (fitted === undefined) return error;
  const { value, low, high } = fitted;
  return [{ ...(control.gamed === undefined ? unregularized : lengthControlled), value, low, high }, ...error];
}

const lengthControlled: Metric = {
  name: 'lc_win_rate',
  unit: '%',
  about: 'win rate at equal lengths (arXiv 2404.04475)',
};

/** The authors' program has this form, too; where all answers are shorter than the baseline's it extrapolates far. */
const unregularized: Metric = {
  name: 'lc_noreg_win_rate',
  unit: '%',
  about:
    'win rate at equal lengths, fitted without gamed baselines: not the published lc_win_rate, which needs df_gamed.csv',
};

function judgedLengths({ id, details }: ItemResult): JudgedLengths[] {
  const { preference, length, baselineLength } = details as Record<string, number | null | undefined>;
  if (typeof length !== 'number' || typeof baselineLength !== 'number') return [];
  return [
    {
      index: Number(id),
      preference: typeof preference === 'number' ? preference - 1 : undefined,
      length,
      baselineLength,
    },
  ];
}

function standardErrorMetric(results: readonly ItemResult[]): OverallMetric[] {
  const values = results.flatMap(({ shares }) => (shares.win_rate === undefined ? [] : [shares.win_rate.value]));
  if (values.length < 2) return [];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const value = Math.sqrt(variance / values.length);
  const about = 'of win_rate, as the leaderboard has it';
  return [{ name: 'standard_error', unit: 'points', about, lowerIsBetter: true, value, low: value, high: value }];
}
