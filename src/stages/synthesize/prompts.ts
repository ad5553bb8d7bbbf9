// The meta-prompt: a list of tasks of which the first are demonstrations and the model writes on. As raw text the list just
// goes on, which every model can continue; as a chat the user shows it and asks for more. parse-tasks.ts reads what comes
// back.
import type { Config } from '../../config/schema.js';
import type { Prompt } from '../../engine/engine.js';
import type { SeedTask } from '../../shared/rows.js';
import type { Subject } from './topics.js';

/** What stands for the input of a task that needs none; parse-tasks.ts reads it back as "". */
export const noInput = 'none';

export type PromptSettings = Pick<Config['synthesize'], 'maxTasks' | 'form' | 'showOutputs'>;

export interface MetaPrompt {
  prompt: Prompt;
  /** The words of the prompt, whatever its form. */
  text: string;
  /** What the prompt has already written of the list that the completion goes on with; "" in a chat. */
  opening: string;
  /** Number of the first task that the completion has. */
  firstNumber: number;
  /** Texts that end the completion: the task after the last wanted one, or the end of the list. */
  stop: string[];
}

/** Demonstrations show instruction and input only, so that the model writes tasks and not answers; with `showOutputs` also
 *  the answers. `subject`: what the new tasks are to be about. */
export function metaPrompt(
  demonstrations: readonly SeedTask[],
  { maxTasks, form, showOutputs }: PromptSettings,
  subject?: Subject,
): MetaPrompt {
  const firstNumber = demonstrations.length + 1;
  const last = demonstrations.length + maxTasks;
  const shown = demonstrations.map((task, i) => demonstration(i + 1, task, showOutputs));
  const about = subject === undefined ? [] : [`The next tasks are ${subjectInWords(subject)}`];
  const list = [introduction(last, showOutputs), ...shown].join('\n\n');
  const stop = [`\nTask ${last + 1}:`, '\n###'];
  if (form === 'chat') {
    const text = [list, [request(firstNumber, last, showOutputs), ...about].join(' ')].join('\n\n');
    return { prompt: { messages: [{ role: 'user', content: text }] }, text, opening: '', firstNumber, stop };
  }
  const opening = `Task ${firstNumber}:`;
  const text = [list, ...about, opening].join('\n\n');
  return { prompt: { text }, text, opening, firstNumber, stop };
}

/** What a chat asks for, after the demonstrations. */
function request(first: number, last: number, showOutputs: boolean): string {
  const wanted = first === last ? `task ${first}, a new one` : `tasks ${first} to ${last}, all of them new`;
  const form = `Write ${wanted}, in exactly the same form: a line "Task N: …", then a line "Input: …"`;
  return showOutputs ? `${form}, then a line "Output: …".` : `${form}. Do not answer the tasks.`;
}

function subjectInWords({ topic, kind }: Subject): string {
  return `about ${topic}. The first of them asks to ${kind}.`;
}

function introduction(tasks: number, showOutputs: boolean): string {
  return `A list of ${tasks} tasks that different people gave to an assistant who reads and writes text.

What the list is like:
- No two tasks are alike. Verbs, topics, lengths and the kinds of answer change from task to task.
- There are questions, orders and requests: to explain, invent, rewrite, sort, compare, calculate, plan, translate, correct.
- Each task is clear on its own and can be answered in writing, without pictures, sounds, files or web pages.
- The task is one or two sentences. Its input is the text that it works on: concrete and complete, at most 100 words.
- A task that needs no text has the input "${noInput}".${showOutputs ? '\n- The output is what the assistant answered: correct, to the point, at most 150 words.' : ''}`;
}

function demonstration(number: number, task: SeedTask, showOutputs: boolean): string {
  const instruction = task.instruction.replace(/\s+/g, ' ').trim();
  const lines = [`Task ${number}: ${instruction}`, `Input: ${task.input.trim() === '' ? noInput : task.input.trim()}`];
  if (showOutputs) lines.push(`Output: ${task.output.trim()}`);
  return lines.join('\n');
}
