// How a task is put to a model: the one place that says how instruction and input are joined and what a model without a
// chat template sees, so that generation, judging, training and evaluation cannot differ (contract.md, "Rows").
import type { Message } from './rows.js';

export interface Task {
  instruction: string;
  input?: string | undefined;
  system?: string | undefined;
}

/** The instruction, or instruction + newline + input. */
export function userTurn(task: Task): string {
  return task.input === undefined || task.input === '' ? task.instruction : `${task.instruction}\n${task.input}`;
}

/** The turns before the response: a system turn only where the row has one. */
export function taskMessages(task: Task): Message[] {
  const user: Message = { role: 'user', content: userTurn(task) };
  return task.system === undefined ? [user] : [{ role: 'system', content: task.system }, user];
}

/** Messages for a model with a chat template; for one without, plain text that an answer naturally follows. */
export function taskPrompt(task: Task, hasChatTemplate: boolean): { messages: Message[] } | { text: string } {
  if (hasChatTemplate) return { messages: taskMessages(task) };
  const before = task.system === undefined ? '' : `${task.system}\n\n`;
  return { text: `${before}Task:\n${userTurn(task)}\n\nAnswer:\n` };
}

/** What ends a response that was asked for in plain text: the next task. */
export const plainTextStops: readonly string[] = ['\nTask:', '\nAnswer:'];
