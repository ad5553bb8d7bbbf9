// MT-Bench (Zheng et al. 2023, arXiv 2306.05685): 80 questions of two turns, each answer graded from 1 to 10 by a judge.
//
// The data file is question.jsonl of FastChat, `references` its reference_answer/gpt-4.jsonl, for math, reasoning and coding:
//   {"question_id": 81, "category": "writing", "turns": ["Write …", "Now shorten it."]}
//   {"question_id": 101, "choices": [{"turns": ["…", "…"]}]}
// Answers are a model_answer file, in the form of the references; `{id, response: [first, second]}`; or a model_judgment file,
// whose grades are then read from the judge's words:
//   {"question_id": 81, "model": "…", "turn": 1, "judgment": "… Rating: [[9]]", "score": 9}
import { z } from 'zod';

import type { CallOptions, FailedRequest, LanguageModel } from '../../../engine/engine.js';
import { badRecords, type PlacedRecord, readRecords, readRecordsOf, repeatedKey } from '../../../shared/records.js';
import type { Message } from '../../../shared/rows.js';
import {
  type Benchmark,
  type BenchmarkFiles,
  type EvaluateSettings,
  type Item,
  type ItemResult,
  type Metric,
  type ScoringTools,
  writtenSettings,
} from '../benchmark.js';
import { inItems } from '../item-progress.js';
import { joinAnswers } from '../join-answers.js';
import { judgeMessages, type JudgeTemplates, ownTemplates, readJudgeTemplates } from '../judging/mt-bench-judge.js';
import { needJudge } from '../judging/need-judge.js';
import { noRating, parseRating, rate, type Rating } from '../judging/rate.js';
import { isUnanswered, writeAnswers } from '../written-answers.js';

const categories = ['writing', 'roleplay', 'extraction', 'math', 'coding', 'reasoning', 'stem', 'humanities'] as const;
type Category = (typeof categories)[number];

/** How freely the model answers. */
const temperatures: Readonly<Record<Category, number>> = {
  writing: 0.7,
  roleplay: 0.7,
  extraction: 0,
  math: 0,
  coding: 0,
  reasoning: 0,
  stem: 0.1,
  humanities: 0.1,
};

const withReferences: ReadonlySet<Category> = new Set(['math', 'coding', 'reasoning']);

type Turns = readonly [string, string];

export interface MtBenchItem extends Item {
  category: Category;
  turns: Turns;
  references?: Turns;
}

export interface MtBenchAnswer {
  /** Two of them, or none where only judgements are given, or one where the second request failed. */
  responses: string[];
  /** Why there is no second one. */
  failure?: string;
  /** Published ones, of turn 1 and 2. */
  judgements?: readonly [Rating, Rating];
}

const turns = z.tuple([z.string(), z.string()], 'must be two texts');
const questionSchema = z.looseObject({ question_id: z.number().int(), category: z.enum(categories), turns });
const answerSchema = z.looseObject({
  question_id: z.number().int(),
  choices: z.array(z.looseObject({ turns })).min(1, 'must not be empty'),
});
const ownAnswerSchema = z.looseObject({ id: z.string().min(1), response: turns });
const judgementSchema = z.looseObject({
  question_id: z.number().int(),
  model: z.string(),
  turn: z.union([z.literal(1), z.literal(2)], 'must be 1 or 2'),
  judgment: z.string(),
  score: z.number(),
});
type Given = z.infer<typeof answerSchema> | z.infer<typeof ownAnswerSchema> | z.infer<typeof judgementSchema>;
type GivenJudgement = z.infer<typeof judgementSchema>;

const givenForms: { field: string; schema: z.ZodType<Given> }[] = [
  { field: 'judgment', schema: judgementSchema },
  { field: 'response', schema: ownAnswerSchema },
  { field: 'choices', schema: answerSchema },
];

const answerTokens = 1024;
/** What an answer that was never given is worth: the scale's end. */
const lowestRating = 1;

const metrics: readonly Metric[] = [
  { name: 'average', unit: 'points', about: 'grades of both turns, 1 to 10' },
  { name: 'turn_1', unit: 'points', about: 'grades of the first answers' },
  { name: 'turn_2', unit: 'points', about: 'grades of the second answers' },
  ...categories.map((name): Metric => ({ name, unit: 'points', about: `grades of both turns, ${name}` })),
  { name: 'unjudged', unit: '%', about: 'answers without a grade, left out of the means', lowerIsBetter: true },
];

export const mtBench: Benchmark<MtBenchItem, MtBenchAnswer> = {
  name: 'mt-bench',
  about: 'MT-Bench: 80 questions of two turns, graded 1 to 10 by a judge',
  metrics,
  needs: { files: ['data', 'references'], optionalFiles: ['judgePrompts'], judge: true },
  reads: writtenSettings,
  readItems,
  readAnswers,
  needsJudge: (_items, answers) => answers?.every(({ judgements }) => judgements !== undefined) !== true,
  notes: ({ judgePrompts }, isJudged) =>
    isJudged && judgePrompts === undefined
      ? [
          'the judge’s wording is isheep’s own: for grades that compare with published ones give judge_prompts.jsonl by --judge-prompts',
        ]
      : [],
  answer,
  score,
};

function readItems(files: BenchmarkFiles): MtBenchItem[] {
  const data = files.data ?? '';
  const questions = readUnique(data, questionSchema);
  const references = new Map(
    readUnique(files.references ?? '', answerSchema).map(({ question_id, choices }) => [
      question_id,
      choices[0]?.turns,
    ]),
  );
  if (files.judgePrompts !== undefined) readJudgeTemplates(files.judgePrompts);
  const missing = questions.filter(
    ({ category, question_id }) => withReferences.has(category) && !references.has(question_id),
  );
  if (missing.length > 0) {
    const problems = missing.map(
      ({ question_id, category }) => `there is no answer to question ${question_id} (${category})`,
    );
    throw badRecords(
      files.references ?? '',
      problems,
      'the judge is shown right answers in math, coding and reasoning',
    );
  }
  return questions.map(({ question_id, category, turns: itsTurns }) => {
    const reference = withReferences.has(category) ? references.get(question_id) : undefined;
    return { id: String(question_id), category, turns: itsTurns, ...(reference && { references: reference }) };
  });
}

function readUnique<T extends { question_id: number }>(file: string, schema: z.ZodType<T>): T[] {
  const records = readRecords(file, schema);
  const places = new Map<string, string>();
  const problems = records
    .map(({ place, record }) => repeatedKey(String(record.question_id), place, places))
    .filter((problem) => problem !== undefined);
  if (records.length === 0) problems.push(`${file} is empty`);
  if (problems.length > 0) throw badRecords(file, problems, 'each question stands in the file once');
  return records.map(({ record }) => record);
}

function readAnswers(file: string, items: readonly MtBenchItem[]) {
  const records = readRecordsOf(file, givenForms);
  const ofItem = ({ id }: MtBenchItem) => id;
  const [first] = records;
  if (first !== undefined && 'judgment' in first.record) {
    return readJudgements(file, items, records as PlacedRecord<GivenJudgement>[]);
  }
  const joined = joinAnswers(file, items, records, { ofItem, ofRecord: keyOf });
  const answers = joined.records.map((record): MtBenchAnswer => {
    if ('response' in record) return { responses: [...(record as z.infer<typeof ownAnswerSchema>).response] };
    return { responses: [...((record as z.infer<typeof answerSchema>).choices[0]?.turns ?? [])] };
  });
  return { items: joined.items, answers };
}

function keyOf(record: Given): string {
  return 'question_id' in record ? String(record.question_id) : record.id;
}

/** Both turns of each question, by one model; grades are read from the judge's words. */
function readJudgements(file: string, items: readonly MtBenchItem[], records: readonly PlacedRecord<GivenJudgement>[]) {
  const models = [...new Set(records.map(({ record }) => record.model))];
  if (models.length > 1) {
    const problem = `${file} has judgements of ${models.length} models: ${models.join(', ')}`;
    throw badRecords(file, [problem], 'keep the lines of one model');
  }
  const ofTurn = (turn: 1 | 2) => {
    const its = records.filter(({ record }) => record.turn === turn);
    return joinAnswers(file, items, its, { ofItem: ({ id }) => id, ofRecord: keyOf, wrong: wrongScore });
  };
  const [first, second] = [ofTurn(1), ofTurn(2)];
  const halves = items.filter((item) => first.items.includes(item) !== second.items.includes(item));
  if (halves.length > 0) {
    throw badRecords(
      file,
      halves.map(({ id }) => `question ${id} has a judgement of one turn only`),
      'both turns of each question are needed',
    );
  }
  const answers = first.records.map((one, i): MtBenchAnswer => {
    return { responses: [], judgements: [toRating(one), toRating(second.records[i] as GivenJudgement)] };
  });
  return { items: first.items, answers };
}

function toRating({ judgment }: GivenJudgement): Rating {
  return { rating: parseRating(judgment), judgement: judgment };
}

function wrongScore({ judgment, score: recorded }: GivenJudgement): string | undefined {
  const rating = parseRating(judgment);
  return rating === recorded ? undefined : `the score is ${recorded}, but the judge's words say ${rating}`;
}

/** The second turn sees the first answer. */
async function answer(
  items: readonly MtBenchItem[],
  model: LanguageModel,
  settings: EvaluateSettings,
  call: CallOptions,
): Promise<(MtBenchAnswer | FailedRequest)[]> {
  const ask = (asked: readonly { item: MtBenchItem; messages: Message[] }[], turn: 1 | 2) =>
    writeAnswers(
      asked.map(({ item, messages }) => ({
        id: `${item.id}/${turn}`,
        messages,
        temperature: temperatures[item.category],
      })),
      model,
      { seedOf: 'mt-bench', settings, maxTokens: answerTokens },
      inItems(call, (done) => Math.floor(((turn === 1 ? 0 : items.length) + done) / 2)),
    );
  const user = (content: string): Message => ({ role: 'user', content });
  const firsts = await ask(
    items.map((item) => ({ item, messages: [user(item.turns[0])] })),
    1,
  );
  const continued = items.flatMap((item, i) => {
    const first = firsts[i];
    if (first === undefined || isUnanswered(first)) return [];
    const assistant: Message = { role: 'assistant', content: first.response };
    return [{ item, messages: [user(item.turns[0]), assistant, user(item.turns[1])] }];
  });
  const seconds = await ask(continued, 2);
  const secondOf = new Map(continued.map(({ item }, i) => [item, seconds[i]]));
  return items.map((item, i) => {
    const first = firsts[i];
    const second = secondOf.get(item);
    if (first === undefined || second === undefined || isUnanswered(first))
      return { ...(first as FailedRequest), id: item.id };
    if (isUnanswered(second)) return { responses: [first.response], failure: second.error.message };
    return { responses: [first.response, second.response] };
  });
}

async function score(
  items: readonly MtBenchItem[],
  answers: readonly (MtBenchAnswer | FailedRequest)[],
  tools: ScoringTools,
): Promise<ItemResult[]> {
  const { judgePrompts } = tools.files;
  const templates = judgePrompts === undefined ? ownTemplates : readJudgeTemplates(judgePrompts);
  const requests = items.flatMap((item, i) =>
    judgeRequests(item, answers[i] as MtBenchAnswer | FailedRequest, templates),
  );
  const ratings = requests.length === 0 ? [] : await rate(requests, needJudge(tools, mtBench.name), tools.call);
  const ratingOf = new Map(requests.map(({ id }, i) => [id, ratings[i] as Rating]));
  return items.map((item, i) => {
    const given = answers[i] as MtBenchAnswer | FailedRequest;
    const rated = ([1, 2] as const).map((turn) => {
      return published(given, turn) ?? ratingOf.get(`${item.id}/${turn}`) ?? failedTurn(given);
    });
    return toResult(item, given, rated);
  });
}

/** What the judge is asked about this answer: nothing where judgements are given, or where there is no answer. */
export function judgeRequests(
  item: MtBenchItem,
  given: MtBenchAnswer | FailedRequest,
  templates: JudgeTemplates,
): { id: string; messages: Message[] }[] {
  if (isUnanswered(given) || given.judgements !== undefined) return [];
  const { turns: questions, references } = item;
  return given.responses.map((_, i) => {
    const turn = i === 0 ? 1 : 2;
    const messages = judgeMessages({ turn, questions, answers: given.responses, references }, templates);
    return { id: `${item.id}/${turn}`, messages };
  });
}

function published(given: MtBenchAnswer | FailedRequest, turn: 1 | 2): Rating | undefined {
  return isUnanswered(given) ? undefined : given.judgements?.[turn - 1];
}

function failedTurn(given: MtBenchAnswer | FailedRequest): Rating {
  const why = isUnanswered(given) ? given.error.message : (given.failure ?? '');
  return { rating: lowestRating, judgement: `no answer: ${why}` };
}

function toResult(
  { id, category }: MtBenchItem,
  given: MtBenchAnswer | FailedRequest,
  rated: readonly Rating[],
): ItemResult {
  const known = rated.filter(({ rating }) => rating !== noRating);
  const total = { value: known.reduce((sum, { rating }) => sum + rating, 0), weight: known.length };
  const turnShares = rated.flatMap(({ rating }, i) =>
    rating === noRating ? [] : [[`turn_${i + 1}`, { value: rating, weight: 1 }] as const],
  );
  return {
    id,
    shares: {
      ...(known.length > 0 && { average: total, [category]: total }),
      ...Object.fromEntries(turnShares),
      unjudged: { value: 100 * (rated.length - known.length), weight: rated.length },
    },
    details: {
      category,
      responses: isUnanswered(given) ? [] : given.responses,
      ratings: rated.map(({ rating }) => rating),
      judgements: rated.map(({ judgement }) => judgement),
    },
  };
}
