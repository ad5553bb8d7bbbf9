// Multiple choice by log-probability: each choice is scored behind the question, and the best one is the model's answer.
// Prompts, choices and metrics are those of lm-evaluation-harness 0.4; a benchmark's file says how its rows become these.
//
// lm-evaluation-harness tokenizes question and choice as one text. Behind a text that ends in no white space, a choice that
// begins with a space has the same tokens by itself (28,330 of 28,330 pairs of seven sets with the tokenizers of SmolLM2
// and Gemma 3), so white space at a question's end goes to the choice, as there.
import { z } from 'zod';

import { type CallOptions, type FailedRequest, isFailed, type LanguageModel } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import type { Benchmark, BenchmarkFiles, EvaluateSettings, FileRole, Item, ItemResult, Metric } from './benchmark.js';
import { drawExamples } from './draw-examples.js';
import { inItems } from './item-progress.js';
import { readItemRows, type RowForm, rowForm } from './read-item-rows.js';
import { readLabels } from './read-labels.js';
import { requireScores } from './require-scores.js';

export interface Choice {
  /** What stands before it. */
  context: string;
  /** What is scored, behind a space. */
  text: string;
}

/** A row as it is read. */
export interface Question {
  id?: string;
  choices: readonly Choice[];
  /** The right one's place; undefined where a labels file tells it. */
  gold: number | undefined;
  /** Examples are of the same subject. */
  subject?: string;
}

export interface ChoiceItem extends Item {
  /** With examples before each context. */
  choices: readonly Choice[];
  gold: number;
}

/** log p of each choice, in their order. */
export type ChoiceScores = readonly number[];

/** Why lm-evaluation-harness knows three: a sum favours short texts. */
const metrics = {
  acc: { name: 'acc', unit: '%', about: 'the choice of the highest log-probability is right' },
  acc_norm: { name: 'acc_norm', unit: '%', about: 'the same, log-probability by character of the choice' },
  acc_bytes: { name: 'acc_bytes', unit: '%', about: 'the same, log-probability by UTF-8 byte of the choice' },
} as const satisfies Record<string, Metric>;
type ChoiceMetric = keyof typeof metrics;

export interface ChoiceFormat {
  name: string;
  about: string;
  /** The first one is what others report of it. Only `acc` where choices are letters, or one text stands behind all. */
  metrics: readonly [ChoiceMetric, ...ChoiceMetric[]];
  /** Forms of a row beside `{query, choices, gold}`, the one that most is known of last. */
  forms: readonly [RowForm<Question>, ...RowForm<Question>[]];
  /** What stands behind the query of a `{query, choices, gold}` row that does not end in it. */
  queryEnd?: string;
  /** The right choice's place by a line of the labels file, where rows of the official files lack it. */
  labels?: (line: string) => number | undefined;
  /** Files that are no JSON Lines, by the end of their name. */
  otherFiles?: { ending: string; read: (file: string) => (Question & { id: string })[] };
  /** What stands before the examples. */
  heading?: (subject: string) => string;
}

/** The files of OLMo and of llm-foundry have all benchmarks in this form. */
const querySchema = z.object({
  id: z.string().optional(),
  ind: z.number().optional(),
  query: z.string(),
  choices: z.array(z.string()),
  gold: z.int(),
});

export function multipleChoice(format: ChoiceFormat): Benchmark<ChoiceItem, ChoiceScores> {
  const optional: FileRole[] = format.labels ? ['examples', 'labels'] : ['examples'];
  return {
    name: format.name,
    about: format.about,
    metrics: format.metrics.map((name) => metrics[name]),
    needs: { files: ['data'], optionalFiles: optional },
    reads: ['shots'],
    readItems: (files, settings) => readItems(format, files, settings),
    answer: (items, model, _settings, call) => answer(format.name, items, model, call),
    score: (items, answers) =>
      Promise.resolve(items.map((item, i) => scoreItem(format, item, answers[i] as ChoiceScores | FailedRequest))),
  };
}

/** The question's choices behind one text. */
export function choicesBehind(context: string, texts: readonly string[]): Choice[] {
  return texts.map((text) => ({ context, text }));
}

function readItems(format: ChoiceFormat, files: BenchmarkFiles, settings: EvaluateSettings): ChoiceItem[] {
  const questions = readQuestions(format, files.data as string, files.labels);
  const pool = files.examples === undefined ? questions : readQuestions(format, files.examples);
  const examples = drawExamples(questions, pool, {
    ...{ shots: settings.shots ?? 0, seed: settings.seed, file: files.examples ?? (files.data as string) },
    write: exampleText,
  });
  return questions.map((question) => {
    const before = (format.heading?.(question.subject ?? '') ?? '') + examples(question).join('');
    const choices = question.choices.map(({ context, text }) => ({ context: before + context, text }));
    return { id: question.id, choices, gold: question.gold };
  });
}

/** A question that is answered, and a blank line. */
function exampleText({ choices, gold }: { choices: readonly Choice[]; gold: number }): string {
  const { context, text } = choices[gold] as Choice;
  return `${context} ${text}\n\n`;
}

type ReadQuestion = Question & { id: string; gold: number };

function readQuestions(format: ChoiceFormat, file: string, labelsFile?: string): ReadQuestion[] {
  const { otherFiles, labels } = format;
  const rows = otherFiles && file.endsWith(otherFiles.ending) ? otherFiles.read(file) : readRows(format, file);
  if (labels && labelsFile !== undefined) {
    const golds = readLabels(labelsFile, rows.length, labels);
    return rows.map((row, i) => ({ ...row, gold: golds[i] as number }));
  }
  const without = rows.findIndex(({ gold }) => gold === undefined);
  if (without === -1) return rows as ReadQuestion[];
  throw new IsheepError('bad-input', `${file}: item ${rows[without]?.id} says not which choice is right`, {
    hint: 'give the file of labels that belongs to it',
  });
}

function readRows(format: ChoiceFormat, file: string): (Question & { id: string })[] {
  const queries = rowForm('query', querySchema, (row): Question => {
    const end = row.query.endsWith(format.queryEnd ?? '') ? '' : format.queryEnd;
    const id = row.id ?? (row.ind === undefined ? undefined : String(row.ind));
    return {
      ...(id !== undefined && { id }),
      ...{ choices: choicesBehind(`${row.query}${end}`, row.choices), gold: row.gold },
    };
  });
  const [first, ...rest] = [queries, ...format.forms].map(checked) as [RowForm<Question>, ...RowForm<Question>[]];
  return readItemRows(file, [first, ...rest]);
}

/** What must hold of a question in any form. */
function checked(form: RowForm<Question>): RowForm<Question> {
  const read: RowForm<Question>['read'] = (row) => {
    const question = form.read(row);
    return typeof question === 'object' && 'choices' in question ? (problemOf(question) ?? question) : question;
  };
  return { ...form, read };
}

function problemOf({ choices, gold }: Question): string | undefined {
  if (choices.length < 2) return `there must be two choices at least; there are ${choices.length}`;
  if (choices.some(({ text }) => text === '')) return 'a choice is empty';
  if (gold === undefined || (gold >= 0 && gold < choices.length)) return undefined;
  return `the right answer is none of the ${choices.length} choices`;
}

async function answer(
  name: string,
  items: readonly ChoiceItem[],
  model: LanguageModel,
  call: CallOptions,
): Promise<(ChoiceScores | FailedRequest)[]> {
  await requireScores(name, model);
  // An item's requests stand side by side, so that the runner computes their context once.
  const requests = items.flatMap((item) => item.choices.map((choice, i) => scoreRequest(`${item.id}/${i}`, choice)));
  const itemsOf = (done: number) => Math.floor((done * items.length) / requests.length);
  const scores = await model.score(requests, inItems(call, itemsOf));
  let next = 0;
  return items.map((item) => {
    const ofItem = scores.slice(next, (next += item.choices.length));
    const failed = ofItem.find(isFailed);
    return failed ? { ...failed, id: item.id } : ofItem.map((score) => (isFailed(score) ? NaN : score.logprob));
  });
}

function scoreRequest(id: string, { context, text }: Choice) {
  const before = context.trimEnd();
  return { id, prompt: { text: before }, continuation: `${context.slice(before.length)} ${text}` };
}

function scoreItem(format: ChoiceFormat, item: ChoiceItem, answered: ChoiceScores | FailedRequest): ItemResult {
  const { id, gold } = item;
  if ('error' in answered) {
    const shares = Object.fromEntries(format.metrics.map((name) => [name, { value: 0, weight: 1 }]));
    return { id, shares, details: { gold, error: answered.error.message } };
  }
  const chosen = chosenBy(item, answered);
  const shares = format.metrics.map((name) => [name, { value: chosen[name] === gold ? 100 : 0, weight: 1 }] as const);
  const ofMetrics = Object.fromEntries(format.metrics.map((name) => [name, chosen[name]]));
  return { id, shares: Object.fromEntries(shares), details: { gold, chosen: ofMetrics, logprobs: answered } };
}

/** The choice by each metric; of equal ones the first. */
function chosenBy({ choices }: ChoiceItem, logprobs: ChoiceScores): Record<ChoiceMetric, number> {
  const best = (lengthOf: (text: string) => number) => {
    const values = logprobs.map((logprob, i) => logprob / lengthOf((choices[i] as Choice).text));
    return values.indexOf(Math.max(...values));
  };
  return {
    acc: best(() => 1),
    acc_norm: best((text) => Array.from(text).length),
    acc_bytes: best((text) => Buffer.byteLength(text)),
  };
}
