// What MT-Bench asks its judge: one template for each turn, with and without reference answers. Official ones
// (judge_prompts.jsonl of FastChat) are read from a file by their names; the wording here is ours, with the same places.
import { z } from 'zod';

import { badRecords, readRecords } from '../../../shared/records.js';
import type { Message } from '../../../shared/rows.js';
import { fillTemplate, missingPlaces } from './templates.js';

export interface JudgeTemplate {
  system: string;
  user: string;
}

/** By the official names, with the places that each must have. */
const placesOf = {
  'single-v1': ['question', 'answer'],
  'single-math-v1': ['question', 'answer', 'ref_answer_1'],
  'single-v1-multi-turn': ['question_1', 'answer_1', 'question_2', 'answer_2'],
  'single-math-v1-multi-turn': ['question_1', 'answer_1', 'question_2', 'answer_2', 'ref_answer_1', 'ref_answer_2'],
} as const;
type TemplateName = keyof typeof placesOf;
const templateNames = Object.keys(placesOf) as TemplateName[];
export type JudgeTemplates = Readonly<Record<TemplateName, JudgeTemplate>>;

const system =
  'You grade the work of an assistant. Be fair, look closely, and let neither length nor confident words impress you.';
const scale =
  'First say in a few sentences what is good and what is wrong. Then end with a whole or half grade from 1 (useless) to 10 (nothing could be better) in double square brackets, in this form: Grade: [[7]]';
const judgedBy = 'Judge how well it does what was asked: whether it is correct, complete, clear and to the point.';
const compared =
  'A correct answer is given for comparison. Check the assistant against it step by step; what is wrong must cost it.';
const second = 'Grade the second answer only; the first is there so that you know what the user refers to.';
const firstTurn = "User's question:\n{question}\n\nAnswer of the assistant:\n{answer}";
const bothTurns =
  "User's first question:\n{question_1}\n\nFirst answer of the assistant:\n{answer_1}\n\nUser's second question:\n{question_2}\n\nSecond answer of the assistant:\n{answer_2}";
const bothReferences = 'Correct first answer:\n{ref_answer_1}\n\nCorrect second answer:\n{ref_answer_2}';

export const ownTemplates: JudgeTemplates = {
  'single-v1': { system, user: `Grade an assistant's answer. ${judgedBy} ${scale}\n\n${firstTurn}` },
  'single-math-v1': {
    system,
    user: `Grade an assistant's answer. ${judgedBy} ${compared} ${scale}\n\nCorrect answer:\n{ref_answer_1}\n\n${firstTurn}`,
  },
  'single-v1-multi-turn': {
    system,
    user: `Grade an assistant in a conversation of two turns. ${second} ${judgedBy} ${scale}\n\n${bothTurns}`,
  },
  'single-math-v1-multi-turn': {
    system,
    user: `Grade an assistant in a conversation of two turns. ${second} ${judgedBy} ${compared} ${scale}\n\n${bothReferences}\n\n${bothTurns}`,
  },
};

const templateSchema = z.looseObject({ name: z.string(), system_prompt: z.string(), prompt_template: z.string() });

/** Templates of a file, which may hold others, too. Throws `bad-input` that names what is missing. */
export function readJudgeTemplates(file: string): JudgeTemplates {
  const records = readRecords(file, templateSchema);
  const found = new Map(records.map(({ record }) => [record.name, record]));
  const problems: string[] = [];
  const templates = templateNames.map((name) => {
    const template = found.get(name);
    const user = template?.prompt_template ?? '';
    if (template === undefined) problems.push(`there is no template ${name}`);
    else problems.push(...missingPlaces(user, placesOf[name]).map((place) => `${name} has no {${place}}`));
    return [name, { system: template?.system_prompt ?? '', user }];
  });
  if (problems.length > 0)
    throw badRecords(file, problems, 'the four single templates of judge_prompts.jsonl are wanted');
  return Object.fromEntries(templates) as JudgeTemplates;
}

export interface JudgedTurn {
  turn: 1 | 2;
  questions: readonly string[];
  answers: readonly string[];
  /** Answers that count as right, where the category has such. */
  references?: readonly string[] | undefined;
}

/** The judge's turns for one answer of the conversation. */
export function judgeMessages(judged: JudgedTurn, templates: JudgeTemplates): Message[] {
  const { turn, questions, answers, references } = judged;
  const name: TemplateName = `single-${references === undefined ? '' : 'math-'}v1${turn === 2 ? '-multi-turn' : ''}`;
  const [question_1 = '', question_2 = ''] = questions;
  const [answer_1 = '', answer_2 = ''] = answers;
  const [ref_answer_1 = '', ref_answer_2 = ''] = references ?? [];
  const values = {
    question: question_1,
    answer: answer_1,
    question_1,
    answer_1,
    question_2,
    answer_2,
    ref_answer_1,
    ref_answer_2,
  };
  const template = templates[name];
  return [
    { role: 'system', content: template.system },
    { role: 'user', content: fillTemplate(template.user, values) },
  ];
}
