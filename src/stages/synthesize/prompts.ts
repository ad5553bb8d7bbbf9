// The meta-prompt: a list of tasks of which the first are demonstrations and the model writes on. Raw text, whatever the
// model: a list that goes on is what every model can continue. parse-tasks.ts reads what comes back.
import type { SeedTask } from '../../shared/rows.js';

/** What stands for the input of a task that needs none; parse-tasks.ts reads it back as "". */
export const noInput = 'none';

export interface MetaPrompt {
  text: string;
  /** Number of the task that the completion starts with. */
  firstNumber: number;
  /** Texts that end the completion: the task after the last wanted one, or the end of the list. */
  stop: string[];
}

/** Demonstrations show instruction and input only, so that the model writes tasks and not answers. */
export function metaPrompt(demonstrations: readonly SeedTask[], maxTasks: number): MetaPrompt {
  const firstNumber = demonstrations.length + 1;
  const last = demonstrations.length + maxTasks;
  const shown = demonstrations.map((task, i) => demonstration(i + 1, task));
  return {
    text: `${introduction(last)}\n\n${[...shown, `Task ${firstNumber}:`].join('\n\n')}`,
    firstNumber,
    stop: [`\nTask ${last + 1}:`, '\n###'],
  };
}

function introduction(tasks: number): string {
  return `A list of ${tasks} tasks that different people gave to an assistant who reads and writes text.

What the list is like:
- No two tasks are alike. Verbs, topics, lengths and the kinds of answer change from task to task.
- There are questions, orders and requests: to explain, invent, rewrite, sort, compare, calculate, plan, translate, correct.
- Each task is clear on its own and can be answered in writing, without pictures, sounds, files or web pages.
- The task is one or two sentences. Its input is the text that it works on: concrete and complete, at most 100 words.
- A task that needs no text has the input "${noInput}".`;
}

function demonstration(number: number, task: SeedTask): string {
  const instruction = task.instruction.replace(/\s+/g, ' ').trim();
  return `Task ${number}: ${instruction}\nInput: ${task.input.trim() === '' ? noInput : task.input.trim()}`;
}
