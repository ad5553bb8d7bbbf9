// How a task is put to a model: the one place that says how instruction and input are joined and what a model without a
// chat template sees, so that generation, judging, training and evaluation cannot differ (contract.md, "Rows").
import type { Message } from './rows.js';

export interface Task {
  instruction: string;
  input?: string | undefined;
  system?: string | undefined;
}

/** What may stand between instruction and input (the setting inputJoiner). */
export const inputJoiners = ['newline', 'blank-line', 'space', 'nothing'] as const;
export type InputJoiner = (typeof inputJoiners)[number];

export const defaultJoiner: InputJoiner = 'newline';

const joinerText: Record<InputJoiner, string> = { newline: '\n', 'blank-line': '\n\n', space: ' ', nothing: '' };

/** The instruction, or instruction + joiner + input. */
export function userTurn(task: Task, joiner: InputJoiner = defaultJoiner): string {
  if (task.input === undefined || task.input === '') return task.instruction;
  return `${task.instruction}${joinerText[joiner]}${task.input}`;
}

/** The task with its user turn as its instruction. What judges, trains and evaluates gets tasks that are joined already, so
 *  that only the pipeline knows of the setting. */
export function joinedTask<T extends Task>(task: T, joiner: InputJoiner): T & { input: string } {
  return { ...task, instruction: userTurn(task, joiner), input: '' };
}

/** The turns before the response: a system turn only where the row has one. */
export function taskMessages(task: Task): Message[] {
  const user: Message = { role: 'user', content: userTurn(task) };
  return task.system === undefined ? [user] : [{ role: 'system', content: task.system }, user];
}

/** Messages for a model with a chat template; for one without, plain text that an answer naturally follows. */
export function taskPrompt(task: Task, hasChatTemplate: boolean): { messages: Message[] } | { text: string } {
  return conversationPrompt(taskMessages(task), hasChatTemplate);
}

/** As taskPrompt, for any turns of which the last is the user's. */
export function conversationPrompt(
  messages: readonly Message[],
  hasChatTemplate: boolean,
): { messages: Message[] } | { text: string } {
  return hasChatTemplate ? { messages: [...messages] } : { text: messages.map(plainTurn).join('') };
}

function plainTurn({ role, content }: Message): string {
  return role === 'user' ? `Task:\n${content}\n\nAnswer:\n` : `${content}\n\n`;
}

/** What ends a response that was asked for in plain text: the next task. */
export const plainTextStops: readonly string[] = ['\nTask:', '\nAnswer:'];

/** A task in plain text, after others with their outputs. */
export function demonstratedPrompt(
  demonstrations: readonly (Task & { output: string })[],
  task: Task,
  joiner: InputJoiner,
): { text: string } {
  const shown = demonstrations.map((one) => `${plainTurn(taskTurn(one, joiner))}${one.output.trim()}\n\n`);
  return { text: [...shown, ...taskMessages(task).map(plainTurn)].join('') };
}

function taskTurn(task: Task, joiner: InputJoiner): Message {
  return { role: 'user', content: userTurn(task, joiner) };
}
