// HumanEval: functions to be written from signature and docstring, checked by running tests (Chen et al. 2021, arXiv 2107.03374).
// Items are the file's of github.com/openai/human-eval, packed or not:
//   {"task_id": "HumanEval/0", "prompt": "def f(…):\n  \"\"\"…", "entry_point": "f", "canonical_solution": "…", "test": "def check(candidate): …"}
// or HumanEval+ as EvalPlus publishes it (arXiv 2305.01210), with base_input, plus_input and atol: a program passes where it
// agrees with the canonical solution on all of these inputs.
import { z } from 'zod';

import { readRecords } from '../../../shared/records.js';
import { taskPrompt } from '../../../shared/task-prompt.js';
import { type Benchmark, type Item, writtenSettings } from '../benchmark.js';
import { defines, extractCode } from '../programs/extract-code.js';
import { passMetrics } from '../programs/pass-at-k.js';
import { plusChecks, plusSeconds } from '../programs/plus-checks.js';
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

export interface HumanEvalItem extends Item {
  prompt: string;
  entryPoint: string;
  /** What is executed behind the function, and raises an exception where that is wrong. */
  checks: string;
  /** For its program, where the checks take longer than HumanEval's own. */
  seconds?: number;
}

/** What ends a function that a model writes on from its head (section 2.1 of the paper). */
const stops = ['\nclass', '\ndef', '\n#', '\nif', '\nprint'];

const schema = z
  .looseObject({
    task_id: z.string(),
    prompt: z.string(),
    entry_point: z.string().regex(/^\w+$/, 'is no name of a function'),
    canonical_solution: z.string().optional(),
    test: z.string().optional(),
    base_input: z.array(z.unknown()).optional(),
    plus_input: z.array(z.unknown()).optional(),
    atol: z.number().optional(),
  })
  .transform((row) => ({ ...row, id: row.task_id }));

function readItems(file: string): HumanEvalItem[] {
  const rows = readRecords(file, schema);
  const problems: string[] = [];
  const items = rows.map(({ record: row, text, place }): HumanEvalItem => {
    const { id, prompt, entry_point: entryPoint, test } = row;
    const common = { id, prompt, entryPoint };
    if (row.base_input !== undefined || row.plus_input !== undefined) {
      const needed = ['base_input', 'plus_input', 'canonical_solution', 'atol'] as const;
      const missing = needed.filter((field) => row[field] === undefined);
      if (missing.length > 0) problems.push(`${place}: HumanEval+ needs ${missing.join(', ')}`);
      return { ...common, checks: plusChecks(text), seconds: plusSeconds };
    }
    if (test === undefined) problems.push(`${place}: test is missing`);
    else if (/^\s*(?:import|from)\s+numpy\b/m.test(test)) problems.push(`${place}: its tests import numpy`);
    return { ...common, checks: `${test ?? ''}\ncheck(${entryPoint})` };
  });
  if (items.length === 0) problems.push('it has no item');
  refuseWhereBad(
    file,
    problems,
    'take the file of openai/human-eval, or HumanEval+ as EvalPlus publishes it (base_input…)',
  );
  return items;
}

/** A model without a chat template writes on from the prompt; another one is asked by message. */
function ask({ prompt }: HumanEvalItem, hasChatTemplate: boolean): Asked {
  if (!hasChatTemplate) return { prompt: { text: prompt }, stop: stops, isResponse: false };
  const instruction =
    'Write the Python function below so that it does what its docstring says. ' +
    `Give the complete function in one block of code.\n\n\`\`\`python\n${prompt.trimEnd()}\n\`\`\``;
  return { prompt: taskPrompt({ instruction }, true), stop: [], isResponse: true };
}

/** As the official program joins them. A response that repeats the function's head comes behind the prompt, which is a whole
 *  function already (its docstring) and holds imports and helpers; one that is a body only completes it. */
export function humanEvalTrial({ prompt, entryPoint, checks, seconds }: HumanEvalItem, sample: Sample): Trial {
  const code = sample.isResponse ? extractCode(sample.text, [entryPoint]) : sample.text;
  const between = sample.isResponse && defines(code, entryPoint) ? '\n' : '';
  return { program: `${prompt}${between}${code}\n${checks}`, ...(seconds !== undefined && { seconds }) };
}

export const humaneval: Benchmark<HumanEvalItem, Samples> = {
  name: 'humaneval',
  about: 'Python functions from their docstrings, checked by running tests; HumanEval+ by --data',
  metrics: passMetrics,
  needs: { files: ['data'], programs: true },
  reads: [...writtenSettings, 'samples'],
  readItems: (files) => readItems(files.data ?? ''),
  readAnswers: readSamples,
  answer: (items, model, settings, call) =>
    generateSamples('humaneval', items, (item) => ask(item, model.hasChatTemplate), model, settings, call),
  score: (items, answers, tools) => scoreSamples(items, answers, humanEvalTrial, tools),
};
