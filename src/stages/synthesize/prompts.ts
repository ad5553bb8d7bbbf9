// The meta-prompt: a list of tasks of which the first are demonstrations and the model writes on. As raw text the list just
// goes on, which every model can continue; as a chat the user shows it and asks for more. parse-tasks.ts reads what comes
// back.
import type { Config } from '../../config/schema.js';
import type { Prompt } from '../../engine/engine.js';
import type { SeedTask } from '../../shared/rows.js';

/** What stands for the input of a task that needs none; parse-tasks.ts reads it back as "". */
export const noInput = 'none';

export type PromptSettings = Pick<Config['synthesize'], 'maxTasks' | 'form' | 'showOutputs'>;

/** What tasks are about, where they say it: each of the demonstrations, and the first new one. */
export interface PromptTopics {
  shown: readonly string[];
  wanted: string;
}

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
 *  the answers. With `topics` each task begins by what it is about: there a small model keeps to a topic, and to none that a
 *  sentence before the tasks names (docs/benchmarks.md). */
export function metaPrompt(
  demonstrations: readonly SeedTask[],
  { maxTasks, form, showOutputs }: PromptSettings,
  topics?: PromptTopics,
): MetaPrompt {
  const firstNumber = demonstrations.length + 1;
  const last = demonstrations.length + maxTasks;
  const shown = demonstrations.map((task, i) => [
    heading(i + 1, topics?.shown[i]),
    ` ${task.instruction.replace(/\s+/g, ' ').trim()}`,
    `\nInput: ${task.input.trim() === '' ? noInput : task.input.trim()}`,
    showOutputs ? `\nOutput: ${task.output.trim()}` : '',
  ]);
  const list = [introduction(last, showOutputs), ...shown.map((parts) => parts.join(''))];
  const stop = [`\nTask ${last + 1}:`, '\n###'];
  if (form === 'chat') {
    const text = [...list, request(firstNumber, last, showOutputs, topics?.wanted)].join('\n\n');
    return { prompt: { messages: [{ role: 'user', content: text }] }, text, opening: '', firstNumber, stop };
  }
  const opening = heading(firstNumber, topics?.wanted);
  const text = [...list, opening].join('\n\n');
  return { prompt: { text }, text, opening, firstNumber, stop };
}

/** All of a task before its instruction. */
function heading(number: number, topic: string | undefined): string {
  return topic === undefined ? `Task ${number}:` : `Task ${number}:\nTopic: ${topic}\nInstruction:`;
}

/** What a chat asks for, after the demonstrations. */
function request(first: number, last: number, showOutputs: boolean, topic: string | undefined): string {
  const wanted = first === last ? `task ${first}, a new one` : `tasks ${first} to ${last}, all of them new`;
  const lines = [
    ...(topic === undefined ? ['"Task N: …"'] : ['"Task N:"', '"Topic: …"', '"Instruction: …"']),
    '"Input: …"',
    ...(showOutputs ? ['"Output: …"'] : []),
  ];
  const sentences = [
    `Write ${wanted}, in exactly the same form: a line ${lines.join(', then a line ')}.`,
    ...(showOutputs ? [] : ['Do not answer the tasks.']),
    ...(topic === undefined
      ? []
      : [`The topic of task ${first} is ${topic}; choose another one for each that follows.`]),
  ];
  return sentences.join(' ');
}

function introduction(tasks: number, showOutputs: boolean): string {
  const outputs = '\n- The output is what the assistant answered: correct, to the point, at most 150 words.';
  return `A list of ${tasks} tasks that different people gave to an assistant who reads and writes text.

What the list is like:
- No two tasks are alike. Verbs, topics, lengths and the kinds of answer change from task to task.
- There are questions, orders and requests: to explain, invent, rewrite, sort, compare, calculate, plan, translate, correct.
- Each task is clear on its own and can be answered in writing, without pictures, sounds, files or web pages.
- The task is one or two sentences. Its input is the text that it works on: concrete and complete, at most 100 words.
- A task that needs no text has the input "${noInput}".${showOutputs ? outputs : ''}`;
}
