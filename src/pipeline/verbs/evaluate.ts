// The verb evaluate: a benchmark on a model, or on answers that are there already; and whether it is better than another.
import { z } from 'zod';

import { IsheepError } from '../../shared/errors.js';
import { readText } from '../../shared/read-file.js';
import { hashFile } from '../../store/artifacts.js';
import {
  type Benchmark,
  type BenchmarkFiles,
  type EvaluateSettings,
  fileRoles,
  type FileRole,
  type Item,
  type ItemResult,
} from '../../stages/evaluate/benchmark.js';
import { type Answer, drawItems } from '../../stages/evaluate/evaluate.js';
import { compareResults, type Estimate, type MetricComparison } from '../../stages/evaluate/metrics.js';
import type { Evaluation } from '../evaluating.js';

export interface EvaluateJob {
  benchmark: Benchmark;
  files: BenchmarkFiles;
  settings: EvaluateSettings;
  /** A file of answers that another program gave. */
  responses?: string | undefined;
  /** Items at most. */
  limit?: number | undefined;
}

export interface PreparedItems {
  items: Item[];
  /** Answers that were given, in the order of the items. */
  given?: Answer[];
  /** Items of the benchmark, before a limit and before those without a given answer are left out. */
  of: number;
  /** Without a given answer. */
  unanswered: number;
}

/** What an evaluation leaves in its file. */
export interface EvaluationFile {
  benchmark: string;
  n: number;
  metrics: Record<string, Estimate>;
  /** Items that could not be answered and count as wrong. */
  failed?: Evaluation['failed'];
  /** Against another model, where one was named. */
  comparison?: Record<string, MetricComparison>;
  /** What was evaluated, and how. */
  model: Record<string, unknown>;
  settings: Record<string, unknown>;
  /** sha256 of the files that the items were read from. */
  files: Record<string, string>;
  items: Record<string, unknown>[];
}

/** Reads and checks all files, before a model is opened. Throws `bad-input` and `bad-config` with all that is wrong. */
export function prepareItems({ benchmark, files, settings, responses, limit }: EvaluateJob): PreparedItems {
  // Given answers need no examples, which would take questions away from those that are scored.
  const examples = responses !== undefined && settings.shots === undefined ? { shots: 0 } : {};
  const all = benchmark.readItems(files, { ...settings, ...examples });
  if (all.length === 0) {
    throw new IsheepError('bad-input', `${files.data ?? benchmark.name} has no items`, {
      hint: `it should be a file of ${benchmark.name}`,
    });
  }
  if (responses === undefined) return { items: drawItems(all, limit), of: all.length, unanswered: 0 };
  if (benchmark.readAnswers === undefined) {
    throw new IsheepError(
      'bad-config',
      `--responses: ${benchmark.name} reads log-probabilities, which no file of answers holds`,
      { hint: 'leave --responses out and name a model' },
    );
  }
  const { items, answers } = benchmark.readAnswers(responses, all);
  const answerOf = new Map(items.map((item, i) => [item.id, answers[i]]));
  const drawn = drawItems(items, limit);
  return {
    items: drawn,
    given: drawn.map(({ id }) => answerOf.get(id)),
    of: all.length,
    unanswered: all.length - items.length,
  };
}

/** The files that a benchmark is read from: those that are named, and otherwise those that were fetched. Throws
 *  `bad-config` with all that is missing or not for it. */
export function chooseFiles(
  { name, needs }: Pick<Benchmark, 'name' | 'needs'>,
  given: BenchmarkFiles,
  fetched: Readonly<Record<string, string>>,
  isKnown: boolean,
): BenchmarkFiles {
  const problems: string[] = [];
  const files: Partial<Record<FileRole, string>> = {};
  for (const role of Object.keys(fileRoles) as FileRole[]) {
    const isNeeded = needs.files.includes(role);
    const isRead = isNeeded || needs.optionalFiles?.includes(role) === true;
    if (given[role] !== undefined && !isRead) problems.push(`${optionOf(role)}: ${name} has no such file`);
    const file = given[role] ?? fetched[role];
    if (isRead && file !== undefined) files[role] = file;
    if (isNeeded && file === undefined) problems.push(`${name} needs ${optionOf(role)} FILE: ${fileRoles[role]}`);
  }
  if (problems.length === 0) return files;
  const hint = isKnown ? `isheep fetch ${name} gets what is known of it; ` : '';
  throw new IsheepError('bad-config', problems.join('\n'), { hint: `${hint}isheep evaluate --help names the options` });
}

/** Throws `bad-config` with all settings that the benchmark does not read, and which of `all` do. */
export function refuseUnread(
  { name, reads }: Pick<Benchmark, 'name' | 'reads'>,
  { seed: _, ...settings }: EvaluateSettings,
  all: readonly Pick<Benchmark, 'name' | 'reads'>[],
): void {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const unread = given.filter(([setting]) => !(reads as readonly string[]).includes(setting));
  if (unread.length === 0) return;
  const problems = unread.map(([setting, value]) => `${optionOf(setting)} ${String(value)}: ${name} does not read it`);
  const readers = unread.map(([setting]) => {
    const able = all.filter((one) => (one.reads as readonly string[]).includes(setting));
    return `${optionOf(setting)} is for ${able.map((one) => one.name).join(', ')}`;
  });
  throw new IsheepError('bad-config', problems.join('\n'), { hint: readers.join('; ') });
}

/** `judgePrompts` → `--judge-prompts` */
export function optionOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** An evaluation as its file holds it. */
export function evaluationFile(
  { benchmark, n, metrics, results, failed }: Evaluation,
  about: Pick<EvaluationFile, 'model' | 'settings' | 'files'> & Partial<Pick<EvaluationFile, 'comparison'>>,
): EvaluationFile {
  const { comparison, ...rest } = about;
  return {
    ...{ benchmark, n, metrics },
    ...(failed && { failed }),
    ...(comparison && { comparison }),
    ...rest,
    items: results.map(({ id, cluster, shares, details }) => ({
      id,
      ...details,
      ...(cluster !== undefined && { cluster }),
      shares,
    })),
  };
}

const storedSchema = z.object({
  benchmark: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).catch({}),
  files: z.record(z.string(), z.string()).catch({}),
  items: z
    .array(
      z.object({ id: z.string(), shares: z.record(z.string(), z.object({ value: z.number(), weight: z.number() })) }),
    )
    .min(1),
});

export interface StoredEvaluation {
  results: ItemResult[];
  /** sha256 by role; empty where the file does not tell. */
  files: Readonly<Record<string, string>>;
  settings: Readonly<Record<string, string | number | boolean>>;
}

/** An earlier evaluation of the same benchmark. Throws `bad-input`. */
export function readEvaluation(file: string, benchmark: string): StoredEvaluation {
  const result = storedSchema.safeParse(parsed(readText(file)));
  if (!result.success) {
    const what = result.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
    throw new IsheepError('bad-input', `${file} is no result of isheep evaluate: ${what.slice(0, 5).join('; ')}`, {
      hint: 'give a file that `isheep evaluate --out FILE` wrote',
    });
  }
  if (result.data.benchmark !== benchmark) {
    throw new IsheepError('bad-input', `${file} is of ${result.data.benchmark}, not of ${benchmark}`, {
      hint: 'compare results of one benchmark',
    });
  }
  const { items, settings, files } = result.data;
  return { results: items.map(({ id, shares }) => ({ id, shares, details: {} })), settings, files };
}

/** sha256 of each file, as an evaluation's result names them. */
export function fileHashes(files: BenchmarkFiles): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([role, file]) => [role, hashFile(file)]));
}

/** Throws `bad-config` where an earlier evaluation was of other items: ids may be no more than their places in a file. */
export function refuseOtherItems(file: string, earlier: StoredEvaluation['files'], here: Record<string, string>): void {
  const [before, now] = [earlier.data, here.data];
  if (before === undefined || now === undefined || before === now) return;
  throw new IsheepError('bad-config', `--against ${file}: it is an evaluation of another file of items`, {
    hint: 'compare evaluations of the same --data',
  });
}

/** Settings that change answers and that an earlier evaluation had otherwise: "form chat, here raw". */
export function differentSettings(settings: EvaluateSettings, earlier: StoredEvaluation['settings']): string[] {
  const told = (name: (typeof answerSettings)[number], value: string | number | boolean | undefined) =>
    value === undefined ? (name === 'form' ? 'raw' : "the benchmark's own") : String(value);
  return answerSettings.flatMap((name) => {
    const [before, here] = [told(name, earlier[name]), told(name, settings[name])];
    return before === here ? [] : [`${name} ${before}, here ${here}`];
  });
}

const answerSettings = ['form', 'shots', 'maxTokens', 'temperature', 'samples'] as const;

/** undefined where it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Throws `bad-input` where the two have no item in common. */
export function compareEvaluations(
  benchmark: Benchmark,
  results: readonly ItemResult[],
  others: readonly ItemResult[],
  name: string,
): Record<string, MetricComparison> {
  const compared = compareResults(benchmark, results, others);
  if (Object.keys(compared).length > 0) return compared;
  throw new IsheepError('bad-input', `--against ${name}: it has no item in common with what was evaluated`, {
    hint: 'compare evaluations of the same items',
  });
}
