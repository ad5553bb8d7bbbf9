// MBPP: short functions from one sentence and three asserts, checked by running these (Austin et al. 2021, arXiv 2108.07732).
// Items are those of github.com/google-research/google-research/tree/master/mbpp, all or the ones looked through by hand:
//   {"task_id": 11, "text": "Write a function…", "code": "def f(…", "test_setup_code": "", "test_list": ["assert f(1) == 2"], …}
//   [{"task_id": 11, "prompt": "Write a function…", "code": "def f(…", "test_imports": [], "test_list": […], …}, …]
// Tasks 11 to 510 are the test; 2, 3 and 4 are the examples before each of them, as in the paper.
import { z } from 'zod';

import type { Message } from '../../../shared/rows.js';
import { readRecords } from '../../../shared/records.js';
import { IsheepError } from '../../../shared/errors.js';
import { type Benchmark, type EvaluateSettings, type Item, writtenSettings } from '../benchmark.js';
import { extractCode } from '../programs/extract-code.js';
import { passMetrics } from '../programs/pass-at-k.js';
import {
  type Asked,
  generateSamples,
  readSamples,
  refuseWhereBad,
  type Sample,
  type Samples,
  scoreSamples,
  type Trial,
} from '../programs/samples.js';

export interface MbppTask extends Item {
  number: number;
  text: string;
  code: string;
  /** Executed before the function. */
  imports: string[];
  /** Executed behind the function and before its tests: tasks 367 and 927 use what the function's code defines. */
  setup: string;
  tests: string[];
}

export interface MbppItem extends MbppTask {
  examples: readonly MbppTask[];
}

const test = { first: 11, last: 510 };
const exampleNumbers = [2, 3, 4];
/** Of a program's own time. MBPP sets no limit, and its own solution of task 123 needs 2.6 to 3.6 on two cores. */
const seconds = 10;

const strings = z.array(z.string());
const schema = z
  .looseObject({
    task_id: z.int().min(0),
    text: z.string().optional(),
    prompt: z.string().optional(),
    code: z.string(),
    test_setup_code: z.string().default(''),
    test_imports: strings.default([]),
    test_list: strings.min(1, 'has no test'),
  })
  .superRefine((row, context) => {
    const isPlus = 'base_input' in row || 'plus_input' in row || typeof row.test === 'string';
    const problem = isPlus
      ? 'is of MBPP+, whose tests need numpy or values that JSON cannot hold; only MBPP itself can be read'
      : (row.text === undefined) === (row.prompt === undefined)
        ? 'must have either text or prompt'
        : undefined;
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((row) => ({ ...row, id: String(row.task_id) }));

/** All tasks of the file, examples and validation too. */
export function readTasks(file: string): MbppTask[] {
  return readRecords(file, schema).map(({ record: row }) => ({
    id: row.id,
    number: row.task_id,
    text: row.text ?? row.prompt ?? '',
    code: row.code,
    imports: row.test_imports,
    setup: row.test_setup_code,
    tests: row.test_list,
  }));
}

function readItems(file: string, { shots = exampleNumbers.length }: EvaluateSettings): MbppItem[] {
  if (shots > exampleNumbers.length) {
    throw new IsheepError('bad-config', `shots: ${shots}; MBPP has ${exampleNumbers.length} examples`, {
      hint: `give a number from 0 to ${exampleNumbers.length}`,
    });
  }
  const tasks = readTasks(file);
  const wanted = exampleNumbers.slice(0, shots);
  const examples = wanted.flatMap((number) => tasks.find((task) => task.number === number) ?? []);
  const items = tasks.filter(({ number }) => number >= test.first && number <= test.last);
  const missing = wanted.filter((number) => !examples.some((example) => example.number === number));
  refuseWhereBad(
    file,
    [
      ...(items.length === 0 ? [`it has no task from ${test.first} to ${test.last}, which are the test`] : []),
      ...(missing.length > 0 ? [`tasks ${missing.join(', ')} are missing, which are the examples`] : []),
    ],
    'take mbpp.jsonl or sanitized-mbpp.json of google-research; --shots 0 needs no examples',
  );
  return items.map((item) => ({ ...item, examples }));
}

function taskText({ text, tests }: MbppTask): string {
  const lines = tests.map(withNewlines).join('\n');
  return `You are an expert Python programmer, and here is your task: ${withNewlines(text)} Your code should pass these tests:\n\n${lines}`;
}

function withNewlines(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** The paper's form; for a model with a chat template the same as turns, code in blocks. */
function ask(item: MbppItem, hasChatTemplate: boolean): Asked {
  if (hasChatTemplate) {
    const turns = item.examples.flatMap((example): Message[] => [
      { role: 'user', content: taskText(example) },
      { role: 'assistant', content: `\`\`\`python\n${withNewlines(example.code).trimEnd()}\n\`\`\`` },
    ]);
    const messages: Message[] = [...turns, { role: 'user', content: taskText(item) }];
    return { prompt: { messages }, stop: [], isResponse: true };
  }
  const shots = item.examples.map((one) => `${taskText(one)}\n[BEGIN]\n${withNewlines(one.code)}\n[DONE]\n\n`);
  return { prompt: { text: `${shots.join('')}${taskText(item)}\n[BEGIN]\n` }, stop: ['[DONE]'], isResponse: false };
}

export function mbppTrial({ imports, setup, tests }: MbppTask, sample: Sample): Trial {
  const code = sample.isResponse ? extractCode(sample.text, calledBy(tests)) : sample.text;
  return { program: [...imports, code, setup, ...tests].join('\n'), seconds };
}

/** What the tests call: the function that is asked for, and others such as set, which no answer defines. */
function calledBy(tests: readonly string[]): string[] {
  return [...tests.join('\n').matchAll(/([A-Za-z_]\w*)\s*\(/g)].map(([, name = '']) => name);
}

export const mbpp: Benchmark<MbppItem, Samples> = {
  name: 'mbpp',
  about: 'short Python functions from a sentence and three asserts, checked by running these',
  metrics: passMetrics,
  needs: { files: ['data'], programs: true },
  reads: [...writtenSettings, 'samples', 'shots'],
  readItems: (files, settings) => readItems(files.data ?? '', settings),
  readAnswers: readSamples,
  answer: (items, model, settings, call) =>
    generateSamples('mbpp', items, (item) => ask(item, model.hasChatTemplate), model, settings, call),
  score: (items, answers, tools) => scoreSamples(items, answers, mbppTrial, tools),
};
