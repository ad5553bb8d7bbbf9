// A benchmark as small as one can be: sums, answered by a number.
import { z } from 'zod';

import { type Generated, isFailed } from '../../src/engine/engine.js';
import { readJsonLines } from '../../src/shared/jsonl.js';
import type { Benchmark, Item } from '../../src/stages/evaluate/benchmark.js';

export interface Sum extends Item {
  question: string;
  right: string;
}

const rowSchema = z.object({ id: z.string(), question: z.string(), right: z.string(), text: z.string().optional() });

export const toyBenchmark: Benchmark<Sum, Generated> = {
  name: 'sums',
  about: 'sums of small numbers',
  metrics: [{ name: 'accuracy', unit: '%', about: 'right sums' }],
  needs: { files: ['data'], optionalFiles: ['examples'] },
  reads: ['maxTokens'],
  readItems: ({ data = '' }) =>
    readJsonLines(data, rowSchema).map(({ text, ...row }) => ({
      ...row,
      ...(text !== undefined && { cluster: text }),
    })),
  readAnswers: (file, items) => {
    const rows = readJsonLines(file, z.object({ id: z.string(), response: z.string() }));
    const responses = new Map(rows.map((row) => [row.id, row.response]));
    const answered = items.filter(({ id }) => responses.has(id));
    const answers = answered.map(({ id }) => ({ id, text: responses.get(id) ?? '', tokens: 1, stop: 'end' as const }));
    return { items: answered, answers };
  },
  answer: (items, model, { seed, maxTokens = 8 }, call) =>
    model.generate(
      items.map(({ id, question }) => ({
        ...{ id, prompt: { text: question }, maxTokens, stop: [], seed },
        sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 },
      })),
      call,
    ),
  score: (items, answers) =>
    Promise.resolve(
      items.map(({ id, cluster, right }, i) => {
        const answer = answers[i] as Generated;
        const isRight = !isFailed(answer) && answer.text.trim() === right;
        return {
          ...{ id, shares: { accuracy: { value: isRight ? 100 : 0, weight: 1 } } },
          ...(cluster !== undefined && { cluster }),
          details: isFailed(answer) ? { error: answer.error } : { response: answer.text },
        };
      }),
    ),
};
