// Natural Questions without documents (arXiv 1906.00300): {"question": "…", "answer": ["…"]}. Questions have no question mark.
import { z } from 'zod';

import type { Benchmark, BenchmarkFiles, EvaluateSettings } from '../benchmark.js';
import {
  ask,
  type AskedItem,
  questionSettings,
  scoredItem,
  type ShortAnswer,
  splitExamples,
} from '../question-answering.js';
import { readItemRows, rowForm } from '../read-item-rows.js';
import { readPredictions } from '../read-predictions.js';
import { normalizeOpen, wordF1 } from '../short-answers.js';

interface OpenItem extends AskedItem {
  /** At least one. */
  golds: readonly string[];
}

const rows = rowForm(
  'question',
  z.object({
    ...{ id: z.string().optional(), question: z.string() },
    answer: z.array(z.string()).nonempty('must not be empty'),
  }),
  ({ id, question, answer }) => ({ ...(id !== undefined && { id }), question, golds: answer }),
);

const defaultShots = 5;

export const nqOpen: Benchmark<OpenItem, ShortAnswer> = {
  name: 'nq-open',
  about: 'questions that people asked a search engine, answered from memory',
  metrics: [
    { name: 'exact_match', unit: '%', about: 'the normalized answer is one of the gold answers' },
    { name: 'f1', unit: '%', about: 'overlap in words with the nearest gold answer' },
  ],
  needs: { files: ['data'], optionalFiles: ['examples'] },
  reads: questionSettings,
  readItems,
  readAnswers(file, items) {
    const itemOf = new Map(items.map((item) => [item.id, item]));
    const predictions = readPredictions(file, (key) => itemOf.has(key));
    const answered = [...predictions].map(([key, text]) => ({ item: itemOf.get(key) as OpenItem, text }));
    return { items: answered.map(({ item }) => item), answers: answered.map(({ text }) => text) };
  },
  answer: (items, model, settings, call) =>
    ask(items, model, { stop: ['\n', '.', ','], maxTokens: 32 }, { settings, call }),
  score: (items, answers) =>
    Promise.resolve(
      items.map((item, i) =>
        scoredItem(item, answers[i] as ShortAnswer, (text) => scores(text, item.golds), { golds: item.golds }),
      ),
    ),
};

function readItems(files: BenchmarkFiles, { shots = defaultShots }: EvaluateSettings): OpenItem[] {
  const data = files.data as string;
  const given = files.examples === undefined ? undefined : readItemRows(files.examples, [rows]);
  const [examples, asked] = splitExamples(readItemRows(data, [rows]), given, shots, files.examples ?? data);
  const shown = examples.map(({ question, golds: [first] }) => `${questionText(question)} ${first}\n`);
  const before = ['Answer these questions:\n\n', ...shown].join('');
  return asked.map(({ id, question, golds }) => ({ id, prompt: before + questionText(question), golds }));
}

function questionText(question: string): string {
  return `Q: ${question}?\nA:`;
}

function scores(text: string, golds: readonly string[]): { exact_match: number; f1: number } {
  const answer = normalizeOpen(text);
  const wanted = golds.map(normalizeOpen);
  const overlaps = wanted.map((gold) => wordF1(answer, gold, false));
  return { exact_match: Number(wanted.includes(answer)), f1: Math.max(...overlaps) };
}
