// Which of two answers to a task a judge prefers, asked in both orders, since judges favour a place (arXiv 2306.05685, §3.3).
//
// A judge whose probabilities can be read is asked how likely the letters A and B come next. The mean of the log-odds over both
// orders is free of what the judge adds to a letter whatever the answers are, which for a small model is most of it: hardly
// ever would it say the same in both orders. Of a judge that only writes, a verdict counts where both orders agree, and is a
// tie elsewhere. How often the orders disagree is told in either case.
import {
  type CallOptions,
  type Generated,
  isFailed,
  type LanguageModel,
  type Prompt,
  type Scored,
} from '../../engine/engine.js';
import { type Task, userTurn } from '../../shared/task-prompt.js';
import { inItems } from './item-progress.js';

export interface ComparedItem extends Task {
  id: string;
  answer: string;
  baseline: string;
}

export interface ComparedAnswers {
  id: string;
  /** Of the answer against the baseline; undefined where the judge's words decide nothing. */
  verdict: 'win' | 'tie' | 'loss' | undefined;
  /** Whether both orders say the same; undefined where nobody was asked, or no verdict was found. */
  ordersAgree: boolean | undefined;
  /** Log-odds for the answer, standing first and second; absent where the judge wrote. */
  logOdds?: readonly [number, number];
  /** What the judge wrote in either order, or why there is no verdict. */
  judgement: string;
}

/** For each item both orders: the answer first, then the baseline first. Equal answers are ties that nobody is asked about. */
export async function compareAnswers(
  judge: LanguageModel,
  items: readonly ComparedItem[],
  call: CallOptions = {},
): Promise<ComparedAnswers[]> {
  const asked = items.filter(({ answer, baseline }) => answer.trim() !== baseline.trim());
  const readsLetters = (await judge.canScore?.('next')) !== false;
  const compared = asked.length === 0 ? [] : await (readsLetters ? byLetters : byWords)(judge, asked, call);
  const verdictOf = new Map(compared.map((one) => [one.id, one]));
  return items.map(({ id }) => verdictOf.get(id) ?? sameAnswers(id));
}

function sameAnswers(id: string): ComparedAnswers {
  return { id, verdict: 'tie', ordersAgree: undefined, judgement: 'both answers are the same' };
}

const letters = ['A', 'B'] as const;
/** What a letter that an endpoint does not list counts as at most. */
const mostLogOdds = 30;

async function byLetters(
  judge: LanguageModel,
  items: readonly ComparedItem[],
  call: CallOptions,
): Promise<ComparedAnswers[]> {
  const requests = bothOrders(items, judge).map((request) => ({ ...request, continuation: '', next: letters }));
  const scores = await judge.score(requests, inItems(call, halves));
  return items.map(({ id }, i) => readLetters(id, scores[2 * i] as Scored, scores[2 * i + 1] as Scored));
}

function readLetters(id: string, answerFirst: Scored, baselineFirst: Scored): ComparedAnswers {
  const failed = [answerFirst, baselineFirst].find(isFailed);
  if (failed !== undefined && isFailed(failed)) return undecided(id, failed.error.message);
  const first = logOddsOfA(answerFirst);
  const second = logOddsOfA(baselineFirst);
  if (first === undefined || second === undefined) return undecided(id, 'the judge gives neither A nor B');
  const logOdds = [first, -second] as const;
  const mean = (logOdds[0] + logOdds[1]) / 2;
  const judgement = `log-odds ${logOdds.map((one) => one.toFixed(3)).join(' and ')}`;
  return {
    id,
    verdict: verdictOf(mean),
    ordersAgree: Math.sign(logOdds[0]) === Math.sign(logOdds[1]),
    logOdds,
    judgement,
  };
}

function logOddsOfA(scored: Scored): number | undefined {
  if (isFailed(scored)) return undefined;
  const [a = -Infinity, b = -Infinity] = scored.nextLogprobs;
  if (a === -Infinity && b === -Infinity) return undefined;
  return Math.min(mostLogOdds, Math.max(-mostLogOdds, a - b));
}

function verdictOf(value: number): 'win' | 'tie' | 'loss' {
  if (value === 0) return 'tie';
  return value > 0 ? 'win' : 'loss';
}

/** A letter, perhaps behind "Answer", and room for a full stop. */
const wordTokens = 8;

async function byWords(
  judge: LanguageModel,
  items: readonly ComparedItem[],
  call: CallOptions,
): Promise<ComparedAnswers[]> {
  const requests = bothOrders(items, judge).map((request) => ({
    ...request,
    maxTokens: wordTokens,
    stop: [],
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 },
    seed: 0,
  }));
  const written = await judge.generate(requests, inItems(call, halves));
  return items.map(({ id }, i) => readWords(id, written[2 * i] as Generated, written[2 * i + 1] as Generated));
}

function readWords(id: string, answerFirst: Generated, baselineFirst: Generated): ComparedAnswers {
  const failed = [answerFirst, baselineFirst].find(isFailed);
  if (failed !== undefined && isFailed(failed)) return undecided(id, failed.error.message);
  const texts = [answerFirst, baselineFirst].map((one) => (isFailed(one) ? '' : one.text));
  const [first, second] = texts.map(parseLetter);
  const judgement = texts.map((text) => JSON.stringify(text)).join(' and ');
  if (first === undefined || second === undefined) return undecided(id, `the judge names no letter: ${judgement}`);
  const ordersAgree = first !== second;
  const verdict = ordersAgree ? (first === 'A' ? 'win' : 'loss') : 'tie';
  return { id, verdict, ordersAgree, judgement };
}

/** The letter that the text consists of, perhaps behind "Answer"; undefined for anything else. */
export function parseLetter(text: string): 'A' | 'B' | undefined {
  const letter = /^[^\p{L}]*(?:answer\s+)?([AB])[^\p{L}]*$/iu.exec(text)?.[1]?.toUpperCase();
  return letter === 'A' || letter === 'B' ? letter : undefined;
}

function undecided(id: string, judgement: string): ComparedAnswers {
  return { id, verdict: undefined, ordersAgree: undefined, judgement };
}

function bothOrders(items: readonly ComparedItem[], judge: LanguageModel): { id: string; prompt: Prompt }[] {
  return items.flatMap((item) => [
    { id: `${item.id}/answer-first`, prompt: comparisonPrompt(item, item.answer, item.baseline, judge) },
    { id: `${item.id}/baseline-first`, prompt: comparisonPrompt(item, item.baseline, item.answer, judge) },
  ]);
}

function comparisonPrompt(task: Task, a: string, b: string, { hasChatTemplate }: LanguageModel): Prompt {
  const shown = `Two assistants did the same task. Decide whose answer helps the person more: it does what the task asks, it is right, and it is clear.

Task:
${userTurn(task)}

Answer A:
${a}

Answer B:
${b}

`;
  if (!hasChatTemplate) return { text: `${shown}The better answer is answer` };
  const question = 'Which answer is better? Reply with one letter, A or B.';
  return { messages: [{ role: 'user', content: `${shown}${question}` }] };
}

/** Items of so many requests: each is judged in both orders. */
function halves(requests: number): number {
  return Math.floor(requests / 2);
}
