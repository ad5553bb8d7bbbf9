// How often a judge prefers the model's answers to the base's, or to another model's, on the seed tasks or on prompts of a
// person's own:
//   {"id": "a", "instruction": "Name a bird.", "input": ""}
// The file in the role `baseline` holds the answers compared with, `{"id": "a", "response": "A wren."}`; without it they are
// the base's, which answers the same prompts.
import type { FailedRequest } from '../../../engine/engine.js';
import { IsheepError } from '../../../shared/errors.js';
import { readJsonLines } from '../../../shared/jsonl.js';
import { loadSeeds } from '../../../shared/load-seeds.js';
import { badRecords, readRecords } from '../../../shared/records.js';
import { taskMessages } from '../../../shared/task-prompt.js';
import {
  type Benchmark,
  type BenchmarkFiles,
  type Item,
  type ItemResult,
  type ScoringTools,
  writtenSettings,
} from '../benchmark.js';
import { compareAnswers, type ComparedAnswers } from '../compare-answers.js';
import { joinAnswers } from '../join-answers.js';
import { needJudge } from '../judging/need-judge.js';
import { answerSchema, isUnanswered, type WrittenAnswer, writeAnswers } from '../written-answers.js';

export interface WinRateItem extends Item {
  instruction: string;
  input: string;
  /** Of the file in the role `baseline`. */
  baseline?: string;
}

const answerTokens = 512;

export const winRate: Benchmark<WinRateItem, WrittenAnswer> = {
  name: 'win-rate',
  about: "how often a judge prefers the model's answers to the base's, asked in both orders",
  metrics: [
    { name: 'win_rate', unit: '%', about: 'answers preferred, ties half' },
    { name: 'ties', unit: '%', about: 'answers that are equal, or equally good to the judge', isNeutral: true },
    { name: 'orders_disagree', unit: '%', about: 'the judge prefers a place, not an answer', lowerIsBetter: true },
    { name: 'unjudged', unit: '%', about: 'answers without a verdict, left out of the win rate', lowerIsBetter: true },
  ],
  needs: { files: [], optionalFiles: ['data', 'baseline'], judge: true, baseAnswers: true },
  reads: writtenSettings,
  readItems,
  readAnswers: (file, items) => {
    const keys = { ofItem: ({ id }: WinRateItem) => id, ofRecord: ({ id }: { id: string }) => id };
    const joined = joinAnswers(file, items, readRecords(file, answerSchema), keys);
    return { items: joined.items, answers: joined.records.map(({ response }) => ({ response })) };
  },
  answer: (items, model, settings, call) => {
    const asked = items.map((item) => ({ id: item.id, messages: taskMessages(item) }));
    return writeAnswers(asked, model, { seedOf: 'win-rate', settings, maxTokens: answerTokens }, call);
  },
  score,
};

function readItems({ data, baseline }: BenchmarkFiles): WinRateItem[] {
  const tasks = loadSeeds(data).map(({ id, instruction, input }) => ({ id, instruction, input }));
  if (baseline === undefined) return tasks;
  const answers = new Map(readJsonLines(baseline, answerSchema).map(({ id, response }) => [id, response]));
  const known = new Set(tasks.map(({ id }) => id));
  const problems = [
    ...tasks.filter(({ id }) => !answers.has(id)).map(({ id }) => `there is no answer to ${JSON.stringify(id)}`),
    ...[...answers.keys()].filter((id) => !known.has(id)).map((id) => `no prompt has the id ${JSON.stringify(id)}`),
  ];
  if (problems.length > 0) throw badRecords(baseline, problems, 'give the answers to these very prompts');
  return tasks.map((task) => ({ ...task, baseline: answers.get(task.id) ?? '' }));
}

async function score(
  items: readonly WinRateItem[],
  answers: readonly (WrittenAnswer | FailedRequest)[],
  tools: ScoringTools,
): Promise<ItemResult[]> {
  const sides = items.map((item, i) => ({
    item,
    answer: answers[i] as WrittenAnswer | FailedRequest,
    baseline: baselineOf(item, tools.baseAnswers?.[i] as WrittenAnswer | FailedRequest | undefined),
  }));
  const compared = sides.flatMap(({ item, answer, baseline }) =>
    isUnanswered(answer) || isUnanswered(baseline)
      ? []
      : [{ ...item, answer: answer.response, baseline: baseline.response }],
  );
  const verdicts = await compareAnswers(needJudge(tools, winRate.name), compared, tools.call);
  const verdictOf = new Map(verdicts.map((one) => [one.id, one]));
  return sides.map(({ item, answer, baseline }) =>
    toResult(verdictOf.get(item.id) ?? unasked(item.id, answer, baseline), answer, baseline),
  );
}

function baselineOf({ baseline }: WinRateItem, ofBase: WrittenAnswer | FailedRequest | undefined) {
  if (baseline !== undefined) return { response: baseline };
  if (ofBase !== undefined) return ofBase;
  throw new IsheepError('bad-config', "win-rate has no answers to compare the model's with", {
    hint: "let the base answer, or give another model's answers as the baseline",
  });
}

/** No answer loses against one. */
function unasked(id: string, answer: object, baseline: object): ComparedAnswers {
  const [failed, baselineFailed] = [isUnanswered(answer), isUnanswered(baseline)];
  const verdict = failed && baselineFailed ? 'tie' : failed ? 'loss' : 'win';
  const why = [answer, baseline].flatMap((one) => (isUnanswered(one) ? [one.error.message] : []));
  return { id, verdict, ordersAgree: undefined, judgement: `no answer: ${why.join('; ')}` };
}

const worth = { win: 100, tie: 50, loss: 0 } as const;

function toResult(
  { id, verdict, ordersAgree, logOdds, judgement }: ComparedAnswers,
  answer: WrittenAnswer | FailedRequest,
  baseline: WrittenAnswer | FailedRequest,
): ItemResult {
  const share = (value: number) => ({ value, weight: 1 });
  const decided = verdict !== undefined && {
    win_rate: share(worth[verdict]),
    ties: share(verdict === 'tie' ? 100 : 0),
  };
  const agreed = ordersAgree !== undefined && { orders_disagree: share(ordersAgree ? 0 : 100) };
  return {
    id,
    shares: { ...decided, ...agreed, unjudged: share(verdict === undefined ? 100 : 0) },
    details: {
      verdict: verdict ?? null,
      ...(logOdds && { logOdds: [...logOdds] }),
      judgement,
      ...(!isUnanswered(answer) && { response: answer.response }),
      ...(!isUnanswered(baseline) && { baseline: baseline.response }),
    },
  };
}
