// A person's own prompts, with answers that are expected, a rubric, or both. One JSON object a line:
//   {"id": "capital", "prompt": "What is the capital of France?", "expected": ["Paris"], "match": "contains"}
//   {"id": "letter", "prompt": "Write to my landlord …", "rubric": "Polite, names the date.", "reference": "Dear …"}
// `prompt` is what a user says; `messages` a whole conversation. An answer is right where it matches one of `expected`:
//   exact     it is the expected text, but for case, white space, and quotes and full stops around
//   contains  the expected text stands in it, as whole words (the default)
//   regex     the regular expression is found in it, whatever its case
// A rubric needs a judge, who grades the answer from 1 to 10 by it, shown the `reference` where there is one.
import { z } from 'zod';

import type { FailedRequest } from '../../../engine/engine.js';
import { readNumberedJsonLines } from '../../../shared/jsonl.js';
import { badRecords, readRecords } from '../../../shared/records.js';
import { messageSchema } from '../../../shared/row-schemas.js';
import type { Message } from '../../../shared/rows.js';
import {
  type Benchmark,
  type BenchmarkFiles,
  type Item,
  type ItemResult,
  type ScoringTools,
  writtenSettings,
} from '../benchmark.js';
import { joinAnswers } from '../join-answers.js';
import { needJudge } from '../judging/need-judge.js';
import { noRating, rate, type Rating } from '../judging/rate.js';
import { answerSchema, isUnanswered, type WrittenAnswer, writeAnswers } from '../written-answers.js';

const matches = ['exact', 'contains', 'regex'] as const;
type Match = (typeof matches)[number];

export interface OwnPrompt extends Item {
  /** The last turn is the user's. */
  messages: Message[];
  expected: string[];
  match: Match;
  rubric?: string;
  reference?: string;
}

const text = z.string().refine((value) => value.trim() !== '', 'must not be empty');

const rowSchema = z
  .looseObject({
    id: z.string().min(1, 'must not be empty'),
    prompt: text.optional(),
    messages: z.array(messageSchema).nonempty('must not be empty').optional(),
    expected: z.union([text, z.array(text).nonempty()], 'must be a text or a list of texts').optional(),
    match: z.enum(matches).default('contains'),
    rubric: text.optional(),
    reference: text.optional(),
  })
  .refine(
    ({ prompt, messages }) => (prompt === undefined) !== (messages === undefined),
    'needs either prompt or messages',
  )
  .refine(
    ({ messages }) => messages === undefined || messages.at(-1)?.role === 'user',
    'messages must end with the user',
  )
  .refine(
    ({ expected, rubric }) => expected !== undefined || rubric !== undefined,
    'needs expected, a rubric, or both',
  );

const answerTokens = 512;
/** What an answer that was never given is worth by a rubric: the scale's end. */
const lowestRating = 1;

export const ownPrompts: Benchmark<OwnPrompt, WrittenAnswer> = {
  name: 'own-prompts',
  about: 'your own prompts: expected answers are looked for, rubrics are graded by a judge',
  metrics: [
    { name: 'accuracy', unit: '%', about: 'answers that match what is expected' },
    { name: 'rubric', unit: 'points', about: 'grades by the rubrics, 1 to 10' },
    {
      name: 'unjudged',
      unit: '%',
      about: 'answers with a rubric and no grade, left out of the mean',
      lowerIsBetter: true,
    },
  ],
  needs: { files: ['data'], judge: true },
  reads: writtenSettings,
  needsJudge: (items) => items.some(({ rubric }) => rubric !== undefined),
  readItems,
  readAnswers: (file, items) => {
    const keys = { ofItem: ({ id }: OwnPrompt) => id, ofRecord: ({ id }: { id: string }) => id };
    const joined = joinAnswers(file, items, readRecords(file, answerSchema), keys);
    return { items: joined.items, answers: joined.records.map(({ response }) => ({ response })) };
  },
  answer: (items, model, settings, call) =>
    writeAnswers(items, model, { seedOf: 'own-prompts', settings, maxTokens: answerTokens }, call),
  score,
};

function readItems({ data = '' }: BenchmarkFiles): OwnPrompt[] {
  const rows = readNumberedJsonLines(data, rowSchema);
  const problems = rows.flatMap(({ line, row: { expected, match } }) =>
    match === 'regex' ? listOf(expected).flatMap((pattern) => badPattern(`${data}:${line}`, pattern)) : [],
  );
  if (rows.length === 0) problems.push(`${data} is empty`);
  if (problems.length > 0)
    throw badRecords(data, problems, 'each line is a prompt with what is expected of its answer');
  return rows.map(({ row: { id, prompt, messages, expected, match, rubric, reference } }) => ({
    id,
    messages: messages ?? [{ role: 'user', content: prompt ?? '' }],
    expected: listOf(expected),
    match,
    ...(rubric !== undefined && { rubric }),
    ...(reference !== undefined && { reference }),
  }));
}

function listOf(expected: string | string[] | undefined): string[] {
  if (expected === undefined) return [];
  return typeof expected === 'string' ? [expected] : expected;
}

function badPattern(place: string, pattern: string): string[] {
  try {
    new RegExp(pattern, 'iu');
    return [];
  } catch (error) {
    return [`${place}: ${(error as Error).message}`];
  }
}

/** Whether the answer is right by one of the expected texts. */
export function isExpected(answer: string, expected: readonly string[], match: Match): boolean {
  if (match === 'regex') return expected.some((pattern) => new RegExp(pattern, 'iu').test(answer));
  const given = normalized(answer);
  return expected.some((one) => {
    const wanted = match === 'exact' ? bare(normalized(one)) : normalized(one);
    return match === 'exact' ? bare(given) === wanted : hasWords(given, wanted);
  });
}

/** Compatibility forms made plain, lower case, single spaces. */
function normalized(value: string): string {
  return value.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Without quotes around and marks behind. */
function bare(value: string): string {
  const marks = '["\'“”‘’«»`]';
  return value.replace(new RegExp(`^${marks}+|(?:${marks}|[.!?,;:])+$`, 'gu'), '').trim();
}

/** Where a wanted text begins or ends with a letter or digit, the word or number must end there, too. */
function hasWords(given: string, wanted: string): boolean {
  const isWord = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}]/u.test(character);
  for (let at = given.indexOf(wanted); at !== -1; at = given.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    const runsOn = isWord(wanted.at(-1)) && isWord(given[end]);
    const isDecimal =
      (/\d$/.test(wanted) && /^[.,]\d/.test(given.slice(end))) ||
      (/^\d/.test(wanted) && /\d[.,]$/.test(given.slice(0, at)));
    if (!(isWord(wanted[0]) && isWord(given[at - 1])) && !runsOn && !isDecimal) return true;
  }
  return false;
}

async function score(
  items: readonly OwnPrompt[],
  answers: readonly (WrittenAnswer | FailedRequest)[],
  tools: ScoringTools,
): Promise<ItemResult[]> {
  const requests = items.flatMap((item, i) => {
    const answer = answers[i] as WrittenAnswer | FailedRequest;
    return item.rubric === undefined || isUnanswered(answer) ? [] : [rubricRequest(item, item.rubric, answer.response)];
  });
  const ratings = requests.length === 0 ? [] : await rate(requests, needJudge(tools, ownPrompts.name), tools.call);
  const ratingOf = new Map(requests.map(({ id }, i) => [id, ratings[i]]));
  return items.map((item, i) => toResult(item, answers[i] as WrittenAnswer | FailedRequest, ratingOf.get(item.id)));
}

function rubricRequest({ id, messages, reference }: OwnPrompt, rubric: string, answer: string) {
  const names = { system: 'Set-up', user: 'User', assistant: 'Assistant' };
  const conversation = messages.map(({ role, content }) => `${names[role]}:\n${content}`).join('\n\n');
  const good = reference === undefined ? '' : `An answer that would be good:\n${reference}\n\n`;
  const content = `${conversation}

The answer to grade:
${answer}

${good}What a good answer must do:
${rubric}

Say in a few sentences how well the answer does that, and nothing about anything else. Then end with a grade from 1 (not at all) to 10 (in every way) in double square brackets, in this form: Grade: [[7]]`;
  const system = 'You grade answers by a given rubric, strictly and evenly.';
  return { id, messages: [{ role: 'system', content: system } as const, { role: 'user', content } as const] };
}

function toResult(item: OwnPrompt, answer: WrittenAnswer | FailedRequest, rated: Rating | undefined): ItemResult {
  const { id, expected, match, rubric } = item;
  const failed = isUnanswered(answer);
  const isRight = !failed && isExpected(answer.response, expected, match);
  const { rating, judgement } = rated ?? { rating: lowestRating, judgement: '' };
  const graded = rubric !== undefined && {
    ...(rating !== noRating && { rubric: { value: rating, weight: 1 } }),
    unjudged: { value: rating === noRating ? 100 : 0, weight: 1 },
  };
  return {
    id,
    shares: { ...(expected.length > 0 && { accuracy: { value: isRight ? 100 : 0, weight: 1 } }), ...graded },
    details: {
      ...(failed ? { reason: answer.error.message } : { response: answer.response }),
      ...(expected.length > 0 && { isRight }),
      ...(rubric !== undefined && { rating, judgement }),
    },
  };
}
