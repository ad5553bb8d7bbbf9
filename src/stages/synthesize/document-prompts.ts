// The prompt of synthesis from documents: texts, each with a task on it, and last a passage whose task the model writes. The
// text is given and the task is asked for, as in LongForm (arXiv 2304.08460) and instruction backtranslation (arXiv
// 2308.06259); there the text is the answer to the task, here it is the task's input. parse-document-tasks.ts reads what comes
// back.
import type { SeedTask } from '../../shared/rows.js';
import type { Config } from '../../config/schema.js';
import type { MetaPrompt } from './prompts.js';

export type DocumentPrompt = Omit<MetaPrompt, 'firstNumber'>;

/** Demonstrations show an input and the instruction that goes with it. */
export function documentPrompt(
  demonstrations: readonly SeedTask[],
  passage: string,
  maxTasks: number,
  form: Config['synthesize']['form'],
): DocumentPrompt {
  const number = demonstrations.length + 1;
  const shown = demonstrations.map((task, i) => `${text(i + 1, task.input)}\nTask: ${oneLine(task.instruction)}`);
  const list = [introduction, ...shown, text(number, passage)].join('\n\n');
  if (form === 'chat') {
    const asked = `${list}\n\n${request(number, maxTasks)}`;
    const stop = ['\nText ', '\n###'];
    return { prompt: { messages: [{ role: 'user', content: asked }] }, text: asked, opening: '', stop };
  }
  const opening = 'Task:';
  const raw = `${list}\n${opening}`;
  // A blank line ends what belongs to a text.
  return { prompt: { text: raw }, text: raw, opening, stop: ['\n\n', '\n###'] };
}

const introduction = `Texts of many kinds. Under each of them stands a task that somebody gave to an assistant who had the text at hand.

What the tasks are like:
- A task is about the text above it, and whoever has that text can do it.
- Tasks differ: to answer a question, explain, sum up, rewrite, sort, compare, judge, go on, bring into another form.
- A task is one or two sentences. It neither repeats the text nor answers itself.`;

/** What a chat asks for, after the passage. */
function request(number: number, maxTasks: number): string {
  const wanted = maxTasks === 1 ? 'a task' : `up to ${maxTasks} different tasks`;
  return `Write ${wanted} on text ${number}, each in exactly the same form: a line "Task: …". Do not do the tasks.`;
}

function text(number: number, content: string): string {
  return `Text ${number}:\n${content.trim()}`;
}

function oneLine(instruction: string): string {
  return instruction.replace(/\s+/g, ' ').trim();
}
