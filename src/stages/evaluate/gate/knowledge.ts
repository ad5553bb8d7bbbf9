// Questions of general knowledge, ours, each with one right answer and three wrong ones: a guard against forgetting.
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { readJsonLines } from '../../../shared/jsonl.js';

export interface KnowledgeQuestion {
  id: string;
  question: string;
  choices: string[];
  /** Place of the right one. */
  answer: number;
}

/** In a package, too, the file lies in src. */
const file = fileURLToPath(new URL('../../../../src/stages/evaluate/gate/knowledge.jsonl', import.meta.url));

const schema = z.object({
  id: z.string(),
  question: z.string(),
  choices: z.array(z.string()).length(4),
  answer: z.number().int().min(0).max(3),
});

let questions: KnowledgeQuestion[] | undefined;

export function knowledgeQuestions(): KnowledgeQuestion[] {
  questions ??= readJsonLines(file, schema);
  return questions;
}
