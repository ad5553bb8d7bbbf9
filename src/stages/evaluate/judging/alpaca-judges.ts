// The two judges of AlpacaEval (Li et al. 2023; 2.0: Dubois et al. 2024, arXiv 2404.04475): one ranks two outputs in words,
// the other answers with one of two tokens, whose log-probabilities are read. Their official prompts are read from a file in
// the role `judgePrompts`; the wording here is ours, for the same form of answer.
import { type CallOptions, isFailed, type LanguageModel } from '../../../engine/engine.js';
import { IsheepError } from '../../../shared/errors.js';
import { readText } from '../../../shared/read-file.js';
import { badRecords } from '../../../shared/records.js';
import type { Message } from '../../../shared/rows.js';
import { conversationPrompt, plainTextStops } from '../../../shared/task-prompt.js';
import { fillTemplate, missingPlaces } from './templates.js';

export interface TwoOutputs {
  id: string;
  instruction: string;
  output_1: string;
  output_2: string;
}

/** 1: the first output is better; 2: the second; between them: how sure the judge is. */
export type Preference = { preference: number; judgement: string } | { reason: string; judgement: string };

export interface PairJudge {
  /** The wording without a file: messages with places for instruction, output_1 and output_2. */
  template: readonly Message[];
  prefer(
    pairs: readonly TwoOutputs[],
    template: readonly Message[],
    judge: LanguageModel,
    call: CallOptions,
  ): Promise<Preference[]>;
}

const both = `An instruction was given to two models. Read it, then what each of them wrote.

Instruction:
{instruction}

`;

export const rankingJudge: PairJudge = {
  template: [
    {
      role: 'system',
      content: 'You compare the answers of language models and say which one a careful reader would prefer.',
    },
    {
      role: 'user',
      content: `${both}model_1 wrote:
{output_1}

model_2 wrote:
{output_2}

Rank the two: the better answer has rank 1, the other one rank 2. Write nothing but a list in this form, with your ranks:
[{'model': 'model_1', 'rank': ...}, {'model': 'model_2', 'rank': ...}]`,
    },
  ],
  prefer: preferByRanking,
};

/** The tokens that stand for the first and the second output. */
const letters = ['m', 'M'] as const;

export const letterJudge: PairJudge = {
  template: [
    {
      role: 'system',
      content: 'You compare the answers of language models and name the one that a careful reader would prefer.',
    },
    {
      role: 'user',
      content: `${both}The model called m wrote:
{output_1}

The model called M wrote:
{output_2}

Which model gave the better answer? Reply with its name and nothing else, a small m or a capital M.`,
    },
  ],
  prefer: preferByLetter,
};

/** The messages of a template file: ChatML as AlpacaEval writes it, or plain text, which is one message of the user. */
export function readJudgeTemplate(file: string): Message[] {
  const text = readText(file).trim();
  const messages = text.startsWith('<|im_start|>') ? chatMessages(text) : [{ role: 'user' as const, content: text }];
  const all = messages.map(({ content }) => content).join('\n');
  const problems = [
    ...missingPlaces(all, ['instruction', 'output_1', 'output_2']).map((name) => `${file}: there is no {${name}}`),
    ...(messages.at(-1)?.role === 'user' ? [] : [`${file}: the last turn is not the user's`]),
  ];
  if (problems.length === 0) return messages;
  throw badRecords(file, problems, 'a template of AlpacaEval for two outputs is wanted');
}

function chatMessages(text: string): Message[] {
  return text
    .split('<|im_start|>')
    .slice(1)
    .map((turn) => {
      const [head = '', ...lines] = turn.split('\n');
      const role = (['system', 'user', 'assistant'] as const).find((name) => head.trim().startsWith(name)) ?? 'user';
      return { role, content: (lines.join('\n').split('<|im_end|>')[0] ?? '').trim() };
    });
}

function promptOf(pair: TwoOutputs, template: readonly Message[], judge: LanguageModel) {
  const { instruction, output_1, output_2 } = pair;
  const messages = template.map(({ role, content }) => ({
    role,
    content: fillTemplate(content, { instruction, output_1, output_2 }),
  }));
  return conversationPrompt(messages, judge.hasChatTemplate);
}

/** A ranking of two, as AlpacaEval's judge has room for it. */
const rankingTokens = 100;

async function preferByRanking(
  pairs: readonly TwoOutputs[],
  template: readonly Message[],
  judge: LanguageModel,
  call: CallOptions,
): Promise<Preference[]> {
  const requests = pairs.map((pair) => ({
    id: pair.id,
    prompt: promptOf(pair, template, judge),
    maxTokens: rankingTokens,
    stop: judge.hasChatTemplate ? [] : plainTextStops,
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 },
    seed: 0,
  }));
  const written = await judge.generate(requests, call);
  return written.map((one) => {
    if (isFailed(one)) return { reason: one.error.message, judgement: '' };
    const preference = parseRanking(one.text);
    if (preference === undefined) return { reason: 'the judge wrote no ranking', judgement: one.text };
    return { preference, judgement: one.text };
  });
}

/** The rank of model_1, which is the number of the better output; undefined where the text is anything else than a list of
 *  models with ranks, in JSON or as Python writes it. */
export function parseRanking(text: string): 1 | 2 | undefined {
  const entry = String.raw`\{\s*['"]model['"]\s*:\s*['"](\w+)['"]\s*,\s*['"]rank['"]\s*:\s*(\d+)\s*,?\s*\}`;
  const list = new RegExp(String.raw`^\s*\[\s*${entry}\s*,\s*${entry}\s*,?\s*\]\s*$`).exec(text);
  if (list === null) return undefined;
  const [, model, rank, otherModel, otherRank] = list;
  const ranks = new Map([
    [otherModel, Number(otherRank)],
    [model, Number(rank)],
  ]);
  const first = ranks.get('model_1');
  return first === 1 || first === 2 ? first : undefined;
}

async function preferByLetter(
  pairs: readonly TwoOutputs[],
  template: readonly Message[],
  judge: LanguageModel,
  call: CallOptions,
): Promise<Preference[]> {
  if ((await judge.canScore?.('next')) === false) {
    throw new IsheepError(
      'unsupported-model',
      "the judge's server does not tell the log-probabilities of what comes next",
      {
        hint: 'alpaca-eval takes a judge that only writes; alpaca-eval-2 needs one with logprobs',
      },
    );
  }
  const requests = pairs.map((pair) => ({
    id: pair.id,
    prompt: promptOf(pair, template, judge),
    continuation: '',
    next: letters,
  }));
  const scores = await judge.score(requests, call);
  return scores.map((score) => {
    if (isFailed(score)) return { reason: score.error.message, judgement: '' };
    const [first = NaN, second = NaN] = score.nextLogprobs;
    return preferenceOfLetters(first, second);
  });
}

/** 1 + p(M) / (p(m) + p(M)), from log-probabilities; of none of the two there is no preference. */
export function preferenceOfLetters(m: number, M: number): Preference {
  const judgement = `log p(m) ${m.toFixed(4)}, log p(M) ${M.toFixed(4)}`;
  if (m === -Infinity && M === -Infinity) return { reason: 'the judge names neither m nor M', judgement };
  return { preference: 1 + 1 / (1 + Math.exp(m - M)), judgement };
}
