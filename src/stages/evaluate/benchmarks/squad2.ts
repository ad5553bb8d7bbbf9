// SQuAD 2.0, questions on paragraphs, of which some have no answer there (arXiv 1806.03822), scored as evaluate-v2.0.py does:
// {"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers": [{"text"}]}]}]}]}.
import { z } from 'zod';

import { readJsonFile, refuseRepeated } from '../../../shared/json-file.js';
import type { Benchmark, BenchmarkFiles, EvaluateSettings, Metric } from '../benchmark.js';
import {
  ask,
  type AskedItem,
  questionSettings,
  scoredItem,
  type ShortAnswer,
  splitExamples,
} from '../question-answering.js';
import { noItems } from '../read-item-rows.js';
import { readPredictions } from '../read-predictions.js';
import { normalizeSquad, wordF1 } from '../short-answers.js';

interface SquadItem extends AskedItem {
  /** None where the paragraph does not answer the question. */
  golds: readonly string[];
  cluster: string;
}

interface Question {
  id: string;
  question: string;
  golds: string[];
}

interface Paragraph {
  name: string;
  title: string;
  context: string;
  questions: Question[];
}

const question = z.object({ id: z.string(), question: z.string(), answers: z.array(z.object({ text: z.string() })) });
const paragraph = z.object({ context: z.string(), qas: z.array(question) });
const officialSchema = z.object({ data: z.array(z.object({ title: z.string(), paragraphs: z.array(paragraph) })) });

/** lm-evaluation-harness's word for an answer that is not there; official predictions are empty then. */
const noAnswer = 'unanswerable';
const defaultShots = 4;

const metric = (name: string, about: string): Metric => ({ name, unit: '%', about });

export const squad2: Benchmark<SquadItem, ShortAnswer> = {
  name: 'squad2',
  about: 'answers in a paragraph, or that it has none',
  metrics: [
    metric('f1', 'overlap in words with the nearest gold answer'),
    metric('exact', 'the normalized answer is one of the gold answers'),
    metric('HasAns_f1', 'f1 of questions that have an answer'),
    metric('HasAns_exact', 'exact of questions that have an answer'),
    metric('NoAns_f1', 'f1 of questions without one'),
    metric('NoAns_exact', 'exact of questions without one'),
  ],
  needs: { files: ['data'], optionalFiles: ['examples'] },
  reads: questionSettings,
  readItems,
  readAnswers(file, items) {
    const itemOf = new Map(items.map((item) => [item.id, item]));
    const predictions = readPredictions(file, (key) => itemOf.has(key));
    const answered = [...predictions].map(([key, text]) => ({ item: itemOf.get(key) as SquadItem, text }));
    return { items: answered.map(({ item }) => item), answers: answered.map(({ text }) => text) };
  },
  async answer(items, model, settings, call) {
    const answers = await ask(items, model, { stop: ['\n'], maxTokens: 64 }, { settings, call });
    return answers.map((text) => (typeof text === 'string' && normalizeSquad(text) === noAnswer ? '' : text));
  },
  score: (items, answers) =>
    Promise.resolve(
      items.map((item, i) =>
        scoredItem(item, answers[i] as ShortAnswer, (text) => scores(text, item.golds), { golds: item.golds }),
      ),
    ),
};

/** Examples are questions of as many paragraphs, by turns one that has an answer and one that has none; where the file's own
 *  first paragraphs are examples, none of their questions is asked. */
function readItems(files: BenchmarkFiles, { shots = defaultShots }: EvaluateSettings): SquadItem[] {
  const data = files.data as string;
  const given = files.examples === undefined ? undefined : readParagraphs(files.examples);
  const [examples, asked] = splitExamples(readParagraphs(data), given, shots, files.examples ?? data);
  const before = examples.map((one, i) => exampleText(one, i % 2 === 0)).join('');
  return asked.flatMap((one) =>
    one.questions.map(({ id, question, golds }) => ({
      ...{ id, prompt: before + questionText(one, question), golds, cluster: one.name },
    })),
  );
}

function exampleText(paragraph: Paragraph, answered: boolean): string {
  const { questions } = paragraph;
  const shown = questions.find(({ golds }) => golds.length > 0 === answered) ?? (questions[0] as Question);
  return `${questionText(paragraph, shown.question)} ${shown.golds[0] ?? noAnswer}\n\n`;
}

function questionText({ title, context }: Paragraph, question: string): string {
  return `Title: ${title}\n\nBackground: ${context}\n\nQuestion: ${question}\n\nAnswer:`;
}

function readParagraphs(file: string): Paragraph[] {
  const { data } = readJsonFile(file, officialSchema);
  const paragraphs = data.flatMap(({ title, paragraphs: ofTitle }, i) =>
    ofTitle.map(({ context, qas }, k) => ({
      ...{ name: `${i}/${k}`, title, context },
      questions: qas.map(({ id, question: asked, answers }) => ({
        id,
        question: asked,
        golds: answers.map(({ text }) => text),
      })),
    })),
  );
  const used = paragraphs.filter(({ questions }) => questions.length > 0);
  if (used.length === 0) throw noItems(file);
  refuseRepeated(
    file,
    used.flatMap(({ questions }) => questions.map(({ id }) => id)),
  );
  return used;
}

function scores(text: string, answers: readonly string[]): Record<string, number> {
  const normalized = answers.map(normalizeSquad).filter((gold) => gold !== '');
  const golds = normalized.length === 0 ? [''] : normalized;
  const answer = normalizeSquad(text);
  const exact = Number(golds.includes(answer));
  const f1 = Math.max(...golds.map((gold) => wordF1(answer, gold, true)));
  const part = answers.length > 0 ? 'HasAns' : 'NoAns';
  return { exact, f1, [`${part}_exact`]: exact, [`${part}_f1`]: f1 };
}
