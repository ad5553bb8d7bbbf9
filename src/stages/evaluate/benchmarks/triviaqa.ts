// TriviaQA without documents (arXiv 1705.03551), scored as triviaqa_evaluation.py does. The official file {"Data": [{"QuestionId",
// "Question", "Answer": {"Value", "NormalizedAliases", …}}]}, the hub's rows {"question", "question_id", "answer": {"value",
// "aliases", …}}, or {"context": "Question: …?\nAnswer:", "answer", "aliases"}.
import { z } from 'zod';

import { readJsonFile, refuseRepeated } from '../../../shared/json-file.js';
import type { Benchmark, BenchmarkFiles, EvaluateSettings } from '../benchmark.js';
import {
  ask,
  type AskedItem,
  questionSettings,
  scoredItem,
  type ShortAnswer,
  splitExamples,
} from '../question-answering.js';
import { noItems, readItemRows, rowForm } from '../read-item-rows.js';
import { readPredictions } from '../read-predictions.js';
import { normalizeTrivia, wordF1 } from '../short-answers.js';

interface TriviaItem extends AskedItem {
  /** At least one. */
  golds: readonly string[];
}

interface Trivia {
  id: string;
  /** Up to where the answer begins. */
  prompt: string;
  value: string;
  golds: readonly string[];
}

const texts = z.array(z.string());
const golds = texts.nonempty('must not be empty');
const answerSchema = z.object({ Value: z.string(), NormalizedAliases: golds, HumanAnswers: texts.default([]) });
const officialSchema = z.object({
  Data: z.array(z.object({ QuestionId: z.string(), Question: z.string(), Answer: answerSchema })),
});

const ofFoundry = rowForm(
  'context',
  z.object({ context: z.string(), answer: z.string(), aliases: golds }),
  ({ context, answer, aliases }): Omit<Trivia, 'id'> => ({ prompt: context, value: answer, golds: aliases }),
);
const ofHub = rowForm(
  'question_id',
  z.object({
    ...{ question_id: z.string(), question: z.string() },
    answer: z.object({ value: z.string(), normalized_aliases: golds }),
  }),
  ({ question_id, question, answer: { value, normalized_aliases } }): Trivia => ({
    ...{ id: question_id, prompt: questionText(question), value, golds: normalized_aliases },
  }),
);

const defaultShots = 5;

export const triviaqa: Benchmark<TriviaItem, ShortAnswer> = {
  name: 'triviaqa',
  about: 'trivia, answered from memory',
  metrics: [
    { name: 'exact_match', unit: '%', about: 'the normalized answer is one of the aliases' },
    { name: 'f1', unit: '%', about: 'overlap in words with the nearest alias' },
  ],
  needs: { files: ['data'], optionalFiles: ['examples'] },
  reads: questionSettings,
  readItems,
  readAnswers,
  answer: (items, model, settings, call) =>
    ask(items, model, { stop: ['\n', '.', ','], maxTokens: 32 }, { settings, call }),
  score: (items, answers) =>
    Promise.resolve(
      items.map((item, i) =>
        scoredItem(item, answers[i] as ShortAnswer, (text) => scores(text, item.golds), { golds: item.golds }),
      ),
    ),
};

function readItems(files: BenchmarkFiles, { shots = defaultShots }: EvaluateSettings): TriviaItem[] {
  const data = files.data as string;
  const given = files.examples === undefined ? undefined : readTrivia(files.examples);
  const [examples, asked] = splitExamples(readTrivia(data), given, shots, files.examples ?? data);
  const before = examples.map(({ prompt, value }) => `${prompt} ${value}\n\n`).join('');
  return asked.map((item) => ({ id: item.id, prompt: before + item.prompt, golds: item.golds }));
}

function readTrivia(file: string): Trivia[] {
  if (!file.endsWith('.json')) return readItemRows<Omit<Trivia, 'id'> & { id?: string }>(file, [ofFoundry, ofHub]);
  const { Data } = readJsonFile(file, officialSchema);
  if (Data.length === 0) throw noItems(file);
  refuseRepeated(
    file,
    Data.map(({ QuestionId }) => QuestionId),
  );
  return Data.map(({ QuestionId, Question, Answer: { Value, NormalizedAliases, HumanAnswers } }) => ({
    ...{ id: QuestionId, prompt: questionText(Question), value: Value, golds: [...NormalizedAliases, ...HumanAnswers] },
  }));
}

/** lm-evaluation-harness puts a question mark behind one that has its own, too; {"context"} rows, as others publish them, do not. */
function questionText(question: string): string {
  return `Question: ${question}${/[.?!]$/.test(question) ? '' : '?'}\nAnswer:`;
}

/** Official predictions of the web part have keys "question--document": each is an item then, and those of one question a
 *  cluster. A question that has no answer counts as wrong, as in the official script. */
function readAnswers(file: string, items: readonly TriviaItem[]): { items: TriviaItem[]; answers: ShortAnswer[] } {
  const itemOf = new Map(items.map((item) => [item.id, item]));
  const questionOf = (key: string) => (itemOf.has(key) ? key : (key.split('--')[0] as string));
  const predictions = readPredictions(file, (key) => itemOf.has(questionOf(key)));
  const answered = [...predictions].map(([key, text]) => {
    const item = itemOf.get(questionOf(key)) as TriviaItem;
    return { item: key === item.id ? item : { ...item, id: key, cluster: item.id }, text };
  });
  const withAnswer = new Set([...predictions.keys()].map(questionOf));
  const missing = items.filter(({ id }) => !withAnswer.has(id)).map((item) => ({ item, text: null }));
  const all = [...answered, ...missing];
  return { items: all.map(({ item }) => item), answers: all.map(({ text }) => text) };
}

function scores(text: string, aliases: readonly string[]): { exact_match: number; f1: number } {
  const answer = normalizeTrivia(text);
  const wanted = aliases.map(normalizeTrivia);
  const overlaps = wanted.map((gold) => wordF1(answer, gold, false));
  return { exact_match: Number(wanted.includes(answer)), f1: Math.max(...overlaps) };
}
